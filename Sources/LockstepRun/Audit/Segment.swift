import LockstepStorage

/// A part of a recorded training that can be recomputed by itself: an epoch, or the steps after the last one.
package struct Segment: Equatable {
  /// The epoch, from 1; nil for the steps after the last epoch.
  package var epoch: Int?
  /// Steps at its start: 0, or a checkpoint's.
  package var start: Int
  /// Steps at its end.
  package var end: Int
  /// The digest of the weights at its end, as recorded.
  package var weights: UInt64
  /// Losses and accuracies at its end, as recorded.
  package var figures: [String: Double]

  /// "epoch 3"
  package var name: String {
    epoch.map { "epoch \($0)" } ?? "steps \(start + 1) to \(end), after the last epoch"
  }

  /// The segments of a receipt in their order.
  package static func all(of receipt: Receipt) -> [Segment] {
    let steps = receipt.epochs.first.map { $0.step / $0.epoch } ?? 0
    let epochs = receipt.epochs.map { epoch in
      Segment(
        epoch: epoch.epoch, start: epoch.step - steps, end: epoch.step, weights: epoch.weights,
        figures: epoch.figures)
    }
    let last = epochs.last?.end ?? 0
    guard receipt.step > last else { return epochs }
    return epochs + [
      Segment(epoch: nil, start: last, end: receipt.step, weights: receipt.weights, figures: receipt.figures)
    ]
  }
}
