import CKernels
import LockstepData
import LockstepSupport

/// The loss of classification and its gradient with respect to the logits (Goodfellow, Bengio, Courville: Deep
/// Learning, 6.2.2.3), `[rows, classes] -> a sum`; with label smoothing (Szegedy et al. 2016) a part of each label is
/// shared evenly by all classes, as in torch.nn.CrossEntropyLoss. A row of two labels (`BatchTargets.parts`) has the
/// loss of each times its part.
package final class SoftmaxCrossEntropy: BatchLoss {
  /// A sample's loss is capped here, so that the sum stays exact even if training diverges.
  private static let largestLoss: Float = 0x1p10
  private let classes: Int
  private let labelSmoothing: Float
  /// Padded to whole vectors; nil for none.
  private let weights: AlignedBuffer<Float>?
  private let weightSum: Float
  private let losses: AlignedBuffer<Float>
  private let hits: AlignedBuffer<UInt8>

  /// `weights` are the classes', [classes]; nil for 1 each.
  package init(classes: Int, capacity: Int, labelSmoothing: Float = 0, weights: [Float]? = nil) {
    (self.classes, self.labelSmoothing) = (classes, labelSmoothing)
    self.weights = weights.map { given in
      let buffer = AlignedBuffer<Float>(count: rowStride(classes), zero: 0)
      for (place, weight) in given.enumerated() { buffer.pointer[place] = weight }
      return buffer
    }
    weightSum = weights?.reduce(0, +) ?? Float(classes)
    losses = AlignedBuffer(count: capacity, zero: 0)
    hits = AlignedBuffer(count: capacity, zero: 0)
  }

  /// Also finds whether each row's largest logit is the label's.
  package func evaluate(
    _ rows: Range<Int>, outputs logits: Activations, targets: BatchTargets, divisor: Double,
    gradient: Activations?
  ) {
    kernel_softmax_cross_entropy(
      kernel_classification(
        logits: logits.pointer, stride: logits.stride, classes: classes, labels: targets.labels,
        others: targets.others, parts: targets.parts, scale: 1 / Float(divisor), smoothing: labelSmoothing,
        weights: weights.map { UnsafePointer($0.pointer) }, weight_sum: weightSum, dlogits: gradient?.pointer,
        losses: losses.pointer, hits: hits.pointer),
      rows.kernel)
  }

  /// Each row's loss is rounded to `ExactGrid`, so that the sum is exact.
  package func total(rows: Int, divisor: Double) -> LossSum {
    let (losses, hits) = (losses.elements, hits.elements)
    var loss = 0.0
    var correct = 0
    for row in 0..<rows {
      let bounded = losses[row] > Self.largestLoss ? Self.largestLoss : losses[row]
      loss += ExactGrid.rounded(Double(bounded) / divisor)
      correct += Int(hits[row])
    }
    return LossSum(loss: ExactSum(onGrid: loss), hits: correct)
  }
}
