import CKernels
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// How gradients are summed over micro-batches and ranks.
public enum Reduction: String, CaseIterable, Sendable {
  /// The same bits for any number of ranks: docs/design.md, "The exact sum".
  case exact
  /// In Float: ranks of one run agree with each other, runs on other numbers of ranks do not.
  case fast
}

extension MicroBatches {
  /// The chains of additions of a weight gradient: one a micro-batch, or with the fast reduction one over all rows.
  package func chained(by reduction: Reduction) -> MicroBatches {
    reduction == .exact ? self : MicroBatches(bounds: [0, bounds.last ?? 0], first: first)
  }
}

/// The gradient of a global batch and, in the same buffer, the step's metrics, so that both take one allreduce.
///
/// With the exact reduction every summand is a multiple of 2^-42 and every partial sum stays below 2^11: doubles
/// represent all of those, so addition is associative and MPI_Allreduce gives the same bits on any number of ranks,
/// by any algorithm.
package final class GradientSum {
  package let reduction: Reduction
  /// The largest magnitude of a micro-batch's gradient: min(2^9, 2^11 / V) for V micro-batches.
  package let limit: Float
  private let paddedParameterCount: Int
  private let exactBuffer: AlignedBuffer<Double>
  private let fastBuffer: AlignedBuffer<Float>
  private static let metricCount = 16

  package convenience init(paddedParameterCount: Int, microBatches: Int, reduction: Reduction) {
    let count = paddedParameterCount + Self.metricCount
    self.init(
      paddedParameterCount: paddedParameterCount, microBatches: microBatches, reduction: reduction,
      exactBuffer: AlignedBuffer(count: reduction == .exact ? count : 0, zero: 0),
      fastBuffer: AlignedBuffer(count: reduction == .fast ? count : 0, zero: 0))
  }

  /// Number `slot` of several in memory that a node's ranks share, each of `byteCount` bytes.
  convenience init(
    paddedParameterCount: Int, microBatches: Int, reduction: Reduction, in memory: SharedMemory, slot: Int
  ) {
    let count = paddedParameterCount + Self.metricCount
    let start = slot * Self.byteCount(paddedParameterCount: paddedParameterCount, reduction: reduction)
    self.init(
      paddedParameterCount: paddedParameterCount, microBatches: microBatches, reduction: reduction,
      exactBuffer: AlignedBuffer(sharing: memory, from: start, count: reduction == .exact ? count : 0),
      fastBuffer: AlignedBuffer(sharing: memory, from: start, count: reduction == .fast ? count : 0))
  }

  private init(
    paddedParameterCount: Int, microBatches: Int, reduction: Reduction, exactBuffer: AlignedBuffer<Double>,
    fastBuffer: AlignedBuffer<Float>
  ) {
    self.paddedParameterCount = paddedParameterCount
    self.reduction = reduction
    self.exactBuffer = exactBuffer
    self.fastBuffer = fastBuffer
    limit = min(0x1p9, 0x1p11 / Float(microBatches))
  }

  static func byteCount(paddedParameterCount: Int, reduction: Reduction) -> Int {
    (paddedParameterCount + metricCount) * (reduction == .exact ? 8 : 4)
  }

  /// Where the layer whose parameters start at `offset` writes its gradient; with `update`, it is applied at once.
  package func slice(at offset: Int, applying update: kernel_update? = nil) -> GradientSlice {
    if let update { return .applied(update.advanced(by: offset), isExact: reduction == .exact, limit: limit) }
    return switch reduction {
    case .exact: .exact(exactBuffer.pointer + offset, limit: limit)
    case .fast: .fast(fastBuffer.pointer + offset)
    }
  }

  /// The summed gradient as the update's kernel takes it: one of the two.
  var exact: UnsafePointer<Double>? { reduction == .exact ? UnsafePointer(exactBuffer.pointer) : nil }
  var fast: UnsafePointer<Float>? { reduction == .fast ? UnsafePointer(fastBuffer.pointer) : nil }

  /// A tensor's summed gradient, row-major in its shape.
  package func values(of tensor: ParameterTensor) -> [Double] {
    (0..<tensor.count).map {
      let index = tensor.flatIndex($0)
      return reduction == .exact ? exactBuffer.pointer[index] : Double(fastBuffer.pointer[index])
    }
  }

  /// The step's metrics: this rank's before `allReduce`, all ranks' after it.
  package var metrics: StepMetrics {
    get {
      let values = (0..<StepMetrics.valueCount).map {
        reduction == .exact
          ? exactBuffer.pointer[paddedParameterCount + $0]
          : Double(fastBuffer.pointer[paddedParameterCount + $0])
      }
      return StepMetrics(values: values)
    }
    set {
      for (i, value) in newValue.values.enumerated() {
        switch reduction {
        case .exact: exactBuffer.pointer[paddedParameterCount + i] = value
        case .fast: fastBuffer.pointer[paddedParameterCount + i] = Float(value)
        }
      }
    }
  }

  var mutableExact: UnsafeMutablePointer<Double> { exactBuffer.pointer }
  var mutableFast: UnsafeMutablePointer<Float> { fastBuffer.pointer }

  /// Sums a range over one rank of each node.
  func allReduceAcrossNodes(_ range: Range<Int>, _ collective: any Collective) throws {
    switch reduction {
    case .exact: try collective.allReduceAcrossNodes(.init(rebasing: exactBuffer.elements[range]))
    case .fast: try collective.allReduceAcrossNodes(.init(rebasing: fastBuffer.elements[range]))
    }
  }

  /// Sums over the ranks. `isAcrossNodes`: each of them has a node of its own.
  package func allReduce(_ collective: any Collective, isAcrossNodes: Bool = false) throws {
    switch (reduction, isAcrossNodes) {
    case (.exact, false): try collective.allReduce(exactBuffer.elements)
    case (.exact, true): try collective.allReduceAcrossNodes(exactBuffer.elements)
    case (.fast, false): try collective.allReduce(fastBuffer.elements)
    case (.fast, true): try collective.allReduceAcrossNodes(fastBuffer.elements)
    }
  }
}

/// A step's results besides the gradient.
package struct StepMetrics: Equatable, Sendable {
  /// The mean loss over the global batch.
  package var loss: Double
  /// Samples whose largest logit was the label's.
  package var hits: Int
  /// Ranks whose gradient was NaN or too large.
  package var failures = 0
  /// Ranks with a request to stop. It is summed with the gradient, so that all ranks stop after the same step.
  package var stopRequests = 0
}

extension StepMetrics {
  /// As stored in the buffer.
  init(values: [Double]) {
    self.init(
      loss: values[0], hits: Int(values[1]), failures: Int(values[2]), stopRequests: Int(values[3]))
  }
  var values: [Double] { [loss, Double(hits), Double(failures), Double(stopRequests)] }
  static let valueCount = 4

  static func + (a: StepMetrics, b: StepMetrics) -> StepMetrics {
    StepMetrics(
      loss: a.loss + b.loss, hits: a.hits + b.hits, failures: a.failures + b.failures,
      stopRequests: a.stopRequests + b.stopRequests)
  }
}
