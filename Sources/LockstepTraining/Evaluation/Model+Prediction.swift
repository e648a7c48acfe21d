import LockstepData
import LockstepRanks
import LockstepSupport

extension Model {
  /// The probability of each class for each sample: [samples, classes], a sample's sum being 1; or where labels were
  /// numbers, these, [samples, columns]. Samples are arrays,
  /// row-major in the shape that the model was trained on. Numbers are taken as normalization takes them: for a model
  /// of pixels, bytes from 0 to 255, or Floats from 0 to 1; for another, its dataset's numbers.
  ///
  /// A sample has the same bits whatever is predicted with it, and on any number of threads (nil for this process's
  /// share of the processors). Not collective: each rank predicts what it is given.
  ///
  /// Throws `LockstepError` (data) for arrays of other lengths and numbers that are not finite.
  public func predict(_ samples: [[Float]], threads: Int? = nil) throws -> [[Float]] {
    try probabilities(Float.table(samples, shape: network.inputShape, subject: "samples"), threads)
  }

  /// The same of any numbers that a sample may hold.
  public func predict<Number: SampleNumber>(_ samples: [[Number]], threads: Int? = nil) throws -> [[Float]] {
    try probabilities(Number.table(samples, shape: network.inputShape, subject: "samples"), threads)
  }

  private func probabilities(_ table: SampleTable, _ threads: Int?) throws -> [[Float]] {
    try table.requireFinite(path: "samples")
    guard table.count > 0 else { return [] }
    let alone = SingleProcess()
    // A few are done before a team would have begun.
    let team = try ThreadTeam(count: threads ?? (table.count < 64 ? 1 : ThreadBudget.share(alone)))
    let evaluator = try Evaluator(
      network, normalization: normalization, regression: regression, collective: alone, team: team)
    var found: [[Float]] = []
    found.reserveCapacity(table.count)
    let split = Split(images: table, labels: [Int32](repeating: 0, count: table.count))
    try evaluator.predictions(parameters, on: split) { samples, probabilities in
      let classes = network.classes
      for row in 0..<samples.count {
        found.append(probabilities[row * classes..<(row + 1) * classes].map { Float($0) })
      }
    }
    return found
  }
}
