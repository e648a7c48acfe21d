/// Follows the validation loss over the epochs: which epoch was best, when to give up, and where overfitting starts.
package struct Convergence: Equatable, Sendable {
  /// Epochs without a smaller validation loss after which training stops.
  package let patience: Int?
  package var bestLoss = Double.infinity
  package var bestEpoch = 0
  package var lastTrainLoss = Double.infinity
  package var risesInARow = 0
  package var isOverfittingReported = false

  package init(patience: Int?) { self.patience = patience }

  /// The verdict on an epoch's losses.
  package struct Verdict: Equatable {
    /// The validation loss is the smallest so far.
    package var isBest = false
    /// Reported once: the last epoch before the validation loss turned upward while the training loss still fell.
    package var overfittingSince: Int?
  }

  /// Epochs are counted from 1. Only two epochs in a row above the best count as overfitting, so that one uneven epoch
  /// does not.
  package mutating func add(epoch: Int, trainLoss: Double, validationLoss: Double) -> Verdict {
    var verdict = Verdict()
    if validationLoss < bestLoss {
      (bestLoss, bestEpoch, verdict.isBest) = (validationLoss, epoch, true)
      risesInARow = 0
    } else {
      risesInARow = trainLoss < lastTrainLoss ? risesInARow + 1 : 0
    }
    lastTrainLoss = trainLoss
    if risesInARow == 2, !isOverfittingReported {
      verdict.overfittingSince = bestEpoch
      isOverfittingReported = true
    }
    return verdict
  }

  /// Whether `patience` epochs have passed without a smaller validation loss.
  package func hasRunOut(after epoch: Int) -> Bool { patience.map { epoch - bestEpoch >= $0 } ?? false }
}
