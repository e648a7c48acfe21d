import CKernels
import LockstepData
import LockstepSupport

/// The loss of classification and its gradient with respect to the logits (Goodfellow, Bengio, Courville: Deep
/// Learning, 6.2.2.3), `[rows, classes] -> a sum`.
package final class SoftmaxCrossEntropy {
  /// A sample's loss is capped here, so that the sum stays exact even if training diverges.
  private static let largestLoss: Float = 0x1p10
  private let classes: Int
  private let losses: AlignedBuffer<Float>
  private let hits: AlignedBuffer<UInt8>

  package init(classes: Int, capacity: Int) {
    self.classes = classes
    losses = AlignedBuffer(count: capacity, zero: 0)
    hits = AlignedBuffer(count: capacity, zero: 0)
  }

  /// Computes each row's loss and whether its largest logit is the label's, for `total`, on the calling thread. Writes
  /// the loss's gradient, divided by `divisor` (the number of samples of all ranks), if `gradient` is given.
  func evaluate(
    _ rows: Range<Int>, logits: Activations, labels: UnsafePointer<Int32>, divisor: Int,
    gradient: Activations?
  ) {
    kernel_softmax_cross_entropy(
      kernel_classification(
        logits: logits.pointer, stride: logits.stride, classes: classes, labels: labels,
        scale: 1 / Float(divisor), dlogits: gradient?.pointer, losses: losses.pointer, hits: hits.pointer),
      rows.kernel)
  }

  /// Sums over rows that were evaluated: each one's loss divided by `divisor` and rounded to `ExactGrid`, so
  /// that the sum is exact; and the number of hits.
  func total(rows: Int, divisor: Int) -> (loss: Double, hits: Int) {
    let (losses, hits) = (losses.elements, hits.elements)
    var loss = 0.0
    var correct = 0
    for row in 0..<rows {
      let bounded = losses[row] > Self.largestLoss ? Self.largestLoss : losses[row]
      loss += ExactGrid.rounded(Double(bounded) / Double(divisor))
      correct += Int(hits[row])
    }
    return (loss, correct)
  }
}
