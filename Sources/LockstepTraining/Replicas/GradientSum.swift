import CKernels
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// The gradient of a global batch and, in the same buffer, the step's metrics, so that where both are in doubles or
/// Float they take one allreduce.
///
/// With the exact reduction every summand is a multiple of 2^-42 and every partial sum stays below 2^11: doubles
/// represent all of those, so addition is associative and MPI_Allreduce gives the same bits on any number of ranks,
/// by any algorithm. With `exact32` and `exact16` summands are integers (`GradientScales`); the memory of the doubles,
/// which the first step needs, then holds them.
package final class GradientSum {
  package let reduction: Reduction
  /// The grids of the integer reductions.
  package let scales: GradientScales?
  /// The largest magnitude of a micro-batch's gradient in doubles: min(2^9, 2^11 / V) for V micro-batches.
  package let limit: Float
  let paddedParameterCount: Int
  private let doubles: AlignedBuffer<Double>
  private let floats: AlignedBuffer<Float>
  private static let metricCount = 16

  /// What the buffer holds in this step.
  enum Format { case doubles, floats, words, halfWords }
  var format: Format {
    switch reduction {
    case .exact: .doubles
    case .fast: .floats
    case .exact32: scales.map { $0.isFirstStep ? .doubles : .words } ?? .doubles
    case .exact16: scales.map { $0.isFirstStep ? .doubles : .halfWords } ?? .doubles
    }
  }

  /// Integers need `scales`; without, they are doubles.
  package convenience init(
    paddedParameterCount: Int, microBatches: Int, reduction: Reduction, scales: GradientScales? = nil
  ) {
    let count = paddedParameterCount + Self.metricCount
    self.init(
      paddedParameterCount: paddedParameterCount, microBatches: microBatches, reduction: reduction,
      scales: scales,
      doubles: AlignedBuffer(count: reduction == .fast ? 0 : count, zero: 0),
      floats: AlignedBuffer(count: reduction == .fast ? count : 0, zero: 0))
  }

  /// Number `slot` of several in memory that a node's ranks share, each of `byteCount` bytes.
  convenience init(
    paddedParameterCount: Int, microBatches: Int, reduction: Reduction, scales: GradientScales?,
    in memory: SharedMemory, slot: Int
  ) {
    let count = paddedParameterCount + Self.metricCount
    let start = slot * Self.byteCount(paddedParameterCount: paddedParameterCount, reduction: reduction)
    self.init(
      paddedParameterCount: paddedParameterCount, microBatches: microBatches, reduction: reduction,
      scales: scales,
      doubles: AlignedBuffer(sharing: memory, from: start, count: reduction == .fast ? 0 : count),
      floats: AlignedBuffer(sharing: memory, from: start, count: reduction == .fast ? count : 0))
  }

  private init(
    paddedParameterCount: Int, microBatches: Int, reduction: Reduction, scales: GradientScales?,
    doubles: AlignedBuffer<Double>, floats: AlignedBuffer<Float>
  ) {
    self.paddedParameterCount = paddedParameterCount
    self.reduction = reduction
    self.scales = scales
    self.doubles = doubles
    self.floats = floats
    limit = min(0x1p9, 0x1p11 / Float(microBatches))
  }

  static func byteCount(paddedParameterCount: Int, reduction: Reduction) -> Int {
    (paddedParameterCount + metricCount) * (reduction == .fast ? 4 : 8)
  }

  /// Where the layer whose parameters start at `offset` writes its gradient; with `update`, it is applied at once.
  /// `microBatch` is the number of the first of its rows.
  package func slice(
    at offset: Int, microBatch: Int = 0, applying update: kernel_update? = nil
  ) -> GradientSlice {
    let update = update?.advanced(by: offset)
    switch (format, update) {
    case (.doubles, let update?): return .applied(update, isExact: true, limit: limit)
    case (.floats, let update?): return .applied(update, isExact: false, limit: limit)
    case (.doubles, nil): return .exact(doubles.pointer + offset, limit: limit)
    case (.floats, nil): return .fast(floats.pointer + offset)
    case (.words, let update):
      return scales!.slice(
        at: offset, microBatch: microBatch, into: integers + offset * 4, applying: update)
    case (.halfWords, let update):
      return scales!.slice(
        at: offset, microBatch: microBatch, into: integers + offset * 2, applying: update)
    }
  }

  var integers: UnsafeMutableRawPointer { UnsafeMutableRawPointer(doubles.pointer) }
  var mutableExact: UnsafeMutablePointer<Double> { doubles.pointer }
  var mutableFast: UnsafeMutablePointer<Float> { floats.pointer }

  /// A tensor's summed gradient, row-major in its shape.
  package func values(of tensor: ParameterTensor) -> [Double] {
    (0..<tensor.count).map {
      let index = tensor.flatIndex($0)
      return switch format {
      case .doubles: doubles.pointer[index]
      case .floats: Double(floats.pointer[index])
      case .words: multiple(of: Int32.self, at: index)
      case .halfWords: multiple(of: Int16.self, at: index)
      }
    }
  }

  private func multiple<Integer: BinaryInteger>(of type: Integer.Type, at index: Int) -> Double {
    Double(integers.assumingMemoryBound(to: type)[index]) * Double(scales!.unit(at: index))
  }

  /// The step's metrics: this rank's before `allReduce`, all ranks' after it.
  package var metrics: StepMetrics {
    get {
      let values = (0..<StepMetrics.valueCount).map {
        reduction == .fast
          ? Double(floats.pointer[paddedParameterCount + $0]) : doubles.pointer[paddedParameterCount + $0]
      }
      return StepMetrics(values: values)
    }
    set {
      for (i, value) in newValue.values.enumerated() {
        if reduction == .fast {
          floats.pointer[paddedParameterCount + i] = Float(value)
        } else {
          doubles.pointer[paddedParameterCount + i] = value
        }
      }
    }
  }

  /// Begins to sum a range over one rank of each node (`Collective.beginSumAcrossNodes`).
  func beginSumAcrossNodes(_ range: Range<Int>, _ collective: any Collective) throws {
    switch format {
    case .doubles: try collective.beginSumAcrossNodes(.init(rebasing: doubles.elements[range]))
    case .floats: try collective.beginSumAcrossNodes(.init(rebasing: floats.elements[range]))
    case .words: try collective.beginSumAcrossNodes(integers(Int32.self, range))
    case .halfWords: try collective.beginSumAcrossNodes(integers(Int16.self, range))
    }
  }

  private func integers<Number>(_ type: Number.Type, _ range: Range<Int>) -> UnsafeMutableBufferPointer<
    Number
  > {
    UnsafeMutableBufferPointer(
      start: integers.assumingMemoryBound(to: type) + range.lowerBound, count: range.count)
  }

  /// Sums gradient and metrics over the ranks.
  package func allReduce(_ collective: any Collective) throws {
    let all = 0..<paddedParameterCount
    switch format {
    case .doubles: try collective.allReduce(doubles.elements)
    case .floats: try collective.allReduce(floats.elements)
    case .words:
      try collective.allReduce(integers(Int32.self, all))
      try allReduceMetrics(collective)
    case .halfWords:
      try collective.allReduce(integers(Int16.self, all))
      try allReduceMetrics(collective)
    }
  }

  /// Sums the metrics alone.
  func allReduceMetrics(_ collective: any Collective) throws {
    if reduction == .fast {
      try collective.allReduce(.init(rebasing: floats.elements[paddedParameterCount...]))
    } else {
      try collective.allReduce(.init(rebasing: doubles.elements[paddedParameterCount...]))
    }
  }
}
