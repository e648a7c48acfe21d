/// The position of a training between two steps: its state besides weights and moments.
public struct TrainingState: Equatable, Sendable {
  /// Steps done.
  public package(set) var step = 0
  /// Epochs done, including their evaluation.
  public package(set) var epoch = 0
  /// Steps done of the current epoch.
  public package(set) var stepOfEpoch = 0
  package var total = EpochTotal()
  package var convergence: Convergence

  package init(patience: Int? = nil) { convergence = Convergence(patience: patience) }

  mutating func add(_ metrics: StepMetrics, count: Int) {
    step += 1
    stepOfEpoch += 1
    total.add(metrics, count: count)
  }

  mutating func endEpoch() {
    epoch += 1
    stepOfEpoch = 0
    total = EpochTotal()
  }
}

/// Loss and hits of an epoch's steps so far.
package struct EpochTotal: Equatable, Sendable {
  package var lossSum = 0.0
  package var hits = 0
  package var count = 0
  /// Gradients of micro-batches cut off at the end of an integer grid.
  package var clamped = 0

  package init() {}

  mutating func add(_ metrics: StepMetrics, count: Int) {
    lossSum += metrics.loss.value * Double(count)
    hits += metrics.hits
    clamped += metrics.clamped
    self.count += count
  }

  var loss: Double { lossSum / Double(count) }
  var accuracy: Double { Double(hits) / Double(count) }
}
