import LockstepData
import LockstepSupport

/// What a sample is to be taken for: a class, or numbers as the network learns them, scaled.
public struct LossTarget: Sendable {
  /// From 0; 0 where labels are numbers.
  public let label: Int
  /// [columns]; empty where labels are classes.
  public let values: [Float]
}

/// A loss of your own, for one sample. Recipes take it by its name once it is registered:
///
///     try LossRegistry.register(Huber.self)
///     recipe.loss = "huber"
///
/// It is part of the numerical contract if it is a function of its arguments alone: then the same bits come out on any
/// number of ranks and threads. The library takes the mean over a batch.
public protocol Loss: Sendable {
  /// What recipes call it: letters, digits and hyphens, other than any loss there is.
  static var name: String { get }
  /// Whether labels are classes, and not numbers, the default. Evaluations tell the cross-entropy of classes.
  static var isOfClasses: Bool { get }

  /// The loss of what a network gives of a sample, [classes] or [columns]. Sets dL/doutputs, which comes as zeros.
  static func evaluate(_ outputs: [Float], _ target: LossTarget, gradient: inout [Float]) -> Double
}

extension Loss {
  public static var isOfClasses: Bool { false }
}

/// A loss of a user's own over a batch.
final class CustomLoss: BatchLoss {
  private let own: any Loss.Type
  private let outputCount: Int
  private let losses: AlignedBuffer<Double>
  private let hits: AlignedBuffer<UInt8>

  init(_ own: any Loss.Type, outputs: Int, capacity: Int) {
    (self.own, outputCount) = (own, outputs)
    losses = AlignedBuffer(count: capacity, zero: 0)
    hits = AlignedBuffer(count: capacity, zero: 0)
  }

  func evaluate(
    _ rows: Range<Int>, outputs: Activations, targets: BatchTargets, divisor: Double, gradient: Activations?
  ) {
    let scale = 1 / Float(divisor)
    for row in rows {
      let found = Array(UnsafeBufferPointer(start: outputs.row(row), count: outputCount))
      let values = UnsafeBufferPointer(start: targets.values + row * targets.columns, count: targets.columns)
      let target = LossTarget(label: Int(targets.labels[row]), values: Array(values))
      var slopes = [Float](repeating: 0, count: outputCount)
      losses.pointer[row] = own.evaluate(found, target, gradient: &slopes)
      precondition(slopes.count == outputCount, "loss \(own.name) has changed the size of an array")
      if targets.columns == 0 {
        let largest = found.indices.reduce(0) { found[$1] > found[$0] ? $1 : $0 }
        hits.pointer[row] = largest == target.label ? 1 : 0
      }
      guard let gradient else { continue }
      for place in 0..<gradient.stride {
        gradient.row(row)[place] = place < outputCount ? slopes[place] * scale : 0
      }
    }
  }

  func total(rows: Int, divisor: Double) -> LossSum {
    var sum = LossSum()
    for row in 0..<rows {
      sum.loss.add(losses.pointer[row] / divisor)
      sum.hits += Int(hits.pointer[row])
    }
    return sum
  }
}
