import CKernels

/// The loss of classification and its gradient with respect to the logits (Goodfellow, Bengio, Courville: Deep
/// Learning, 6.2.2.3), `[rows, classes] -> a sum`.
package final class SoftmaxCrossEntropy {
  /// A sample's loss counts for no more than this, so that a sum of them stays exact even where training diverges.
  private static let largestLoss: Float = 0x1p10
  private let classes: Int
  private let losses: AlignedBuffer<Float>
  private let hits: AlignedBuffer<UInt8>

  package init(classes: Int, capacity: Int) {
    self.classes = classes
    losses = AlignedBuffer(count: capacity, zero: 0)
    hits = AlignedBuffer(count: capacity, zero: 0)
  }

  /// Sums over the pass's rows: each row's loss divided by `divisor` (the number of samples of all ranks) and rounded
  /// to the grid of `GradientSum`, so that the sum is exact; and the number of rows whose largest logit is the label's.
  /// Writes the loss's gradient, divided likewise, where `gradient` is given.
  package func evaluate(
    logits: Activations, labels: UnsafePointer<Int32>, divisor: Int, gradient: Activations?, pass: Pass
  ) -> (loss: Double, hits: Int) {
    evaluate(logits: logits, labels: labels, divisor: divisor, gradient: gradient, pass: pass, head: nil)
  }

  /// The same where `head` makes the logits and takes their gradient on.
  package func evaluate(
    logits: Activations, labels: UnsafePointer<Int32>, divisor: Int, gradient: Activations?, pass: Pass,
    head: ClassifierHead?
  ) -> (loss: Double, hits: Int) {
    let (losses, hits, classes) = (losses.elements, hits.elements, classes)
    pass.team.splitByThread(pass.rows, grain: head == nil ? 32 : ClassifierHead.grain) { rows, thread in
      head?.forward(rows, thread: thread)
      kernel_softmax_cross_entropy(
        kernel_classification(
          logits: logits.pointer, stride: logits.stride, classes: classes, labels: labels,
          scale: 1 / Float(divisor), dlogits: gradient?.pointer, losses: losses.baseAddress,
          hits: hits.baseAddress),
        rows.kernel)
      head?.backward(rows, thread: thread)
    }
    var loss = 0.0
    var correct = 0
    for row in 0..<pass.rows {
      let bounded = losses[row] > Self.largestLoss ? Self.largestLoss : losses[row]
      loss += GradientSum.roundedToGrid(Double(bounded) / Double(divisor))
      correct += Int(hits[row])
    }
    return (loss, correct)
  }
}
