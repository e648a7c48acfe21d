import LockstepData
import LockstepSupport

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
      var (loss, slopes) = evaluate(found, target)
      if targets.columns == 0, let others = targets.others, let parts = targets.parts {
        let other = evaluate(found, LossTarget(label: Int(others[row]), values: []))
        loss += Double(parts[row]) * (other.loss - loss)
        for i in slopes.indices { slopes[i] += parts[row] * (other.slopes[i] - slopes[i]) }
      }
      losses.pointer[row] = loss
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

  private func evaluate(_ outputs: [Float], _ target: LossTarget) -> (loss: Double, slopes: [Float]) {
    var slopes = [Float](repeating: 0, count: outputCount)
    let loss = own.evaluate(outputs, target, gradient: &slopes)
    precondition(slopes.count == outputCount, "loss \(own.name) has changed the size of an array")
    return (loss, slopes)
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
