import LockstepData
import LockstepSupport

extension Trainer {
  /// Throws for a dataset that was loaded for evaluation.
  static func requireTrainingSamples(_ dataset: Dataset) throws {
    guard dataset.train.count == 0 else { return }
    throw LockstepError(
      .data, dataset.name, expected: "training samples", found: "none", fix: "Load the dataset for training")
  }

  /// Throws if there are neither test nor validation samples to evaluate on.
  static func requireJudges(_ dataset: Dataset, _ sampler: Sampler) throws {
    guard dataset.test.count == 0, sampler.trainingCount == sampler.datasetCount else { return }
    throw LockstepError(
      .data, dataset.name,
      expected:
        "test files (\(DatasetPart.testImages.canonicalName), \(DatasetPart.testLabels.canonicalName)), or "
        + "training samples to validate on",
      found: "neither",
      fix: "Put the test files there, or set --validation-split, for example to 0.1"
        + (dataset.notes.isEmpty ? "" : ". Note: \(dataset.notes.joined(separator: "; "))"))
  }

  /// Evaluates the validation samples; nil if there are none. Collective.
  func validate() throws -> Evaluation? {
    try validationIndices.map { try evaluator.evaluate(parameters, on: dataset.train, indices: $0) }
  }

  /// Checks that training and evaluation have read the data that was loaded, before results are kept. Collective.
  func requireSameData() throws {
    guard dataset.isMapped else { return }
    try collective.together { try dataset.requireUnchanged() }
  }
}
