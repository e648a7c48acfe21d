import LockstepCore
import Testing

@Suite struct ConvergenceTests {
  /// What epochs 1, 2, ... with these losses come to.
  private func follow(
    patience: Int? = nil, train: [Double]? = nil, validation: [Double]
  ) -> (best: [Int], stop: [Int], overfitting: [Int: Int], bestEpoch: Int) {
    var convergence = Convergence(patience: patience)
    var (best, stop, overfitting) = ([Int](), [Int](), [Int: Int]())
    for (index, loss) in validation.enumerated() {
      let verdict = convergence.add(
        epoch: index + 1, trainLoss: train?[index] ?? 1 / Double(index + 1), validationLoss: loss)
      if verdict.isBest { best.append(index + 1) }
      if convergence.hasRunOut(after: index + 1) { stop.append(index + 1) }
      overfitting[index + 1] = verdict.overfittingSince
    }
    return (best, stop, overfitting, convergence.bestEpoch)
  }

  @Test func theSmallestLossIsBest() {
    let found = follow(validation: [3, 2, 2, 2.5, 1, .nan, 1.5])
    #expect(found.best == [1, 2, 5])
    #expect(found.bestEpoch == 5)
    #expect(found.stop.isEmpty)
  }

  @Test func stopsWhenPatienceEnds() {
    #expect(follow(patience: 1, validation: [3, 2, 2, 1]).stop == [3])
    #expect(follow(patience: 2, validation: [3, 2, 2, 1, 1, 1, 1]).stop == [6, 7])
    #expect(follow(patience: 3, validation: [5, 4, 3, 2, 1]).stop.isEmpty)
  }

  /// At the second epoch in a row above the best, and once.
  @Test func overfittingIsToldOnce() {
    #expect(follow(validation: [3, 2, 2.1, 2.2, 2.3, 2.4]).overfitting == [4: 2])
    #expect(follow(validation: [3, 2, 2.1, 1.9, 2.0, 2.2, 1.0, 2, 2]).overfitting == [6: 4])
  }

  @Test func anUnevenEpochIsNoOverfitting() {
    #expect(follow(validation: [3, 2, 2.1, 1.5, 1.6, 1.4]).overfitting.isEmpty)
  }

  /// Where the training loss does not fall either, the run has stalled, which is something else.
  @Test func aTrainingLossThatRisesIsNoOverfitting() {
    let validation = [3, 2, 2.1, 2.2, 2.3]
    #expect(follow(train: [5, 4, 4, 4, 4], validation: validation).overfitting.isEmpty)
    #expect(follow(train: [5, 4, 3, 3.5, 3], validation: validation).overfitting.isEmpty)
    #expect(follow(train: [5, 4, 3, 3.5, 3, 2], validation: validation + [2.4]).overfitting == [6: 2])
  }
}
