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

  /// The same part of two trainings, which may have other numbers of steps.
  package struct Pair: Equatable {
    package var first: Segment
    package var second: Segment

    /// Steps at the end, of the first or second training.
    func steps(of place: Int) -> Int { place == 0 ? first.end : second.end }
  }

  /// The epochs that both of two receipts have, and the steps after them if both end there.
  package static func common(_ receipts: [Receipt]) -> [Pair] {
    let (first, second) = (all(of: receipts[0]), all(of: receipts[1]))
    return first.compactMap { segment in
      second.first {
        $0.epoch == segment.epoch
          && (segment.epoch != nil || $0.start == segment.start && $0.end == segment.end)
      }.map { Pair(first: segment, second: $0) }
    }
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
