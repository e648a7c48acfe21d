import LockstepNetwork
import LockstepSupport

extension Trainer {
  /// Evaluates the averaged weights as `endEpoch` evaluates the weights; nil if the recipe has none. Collective.
  func evaluateAverage() throws -> AveragedEvaluation? {
    try averagedParameters.map {
      let validation = try validate($0)
      return AveragedEvaluation(
        test: try evaluator.evaluate($0, on: dataset.test), validation: validation, digest: $0.digest)
    }
  }

  /// What a training's end reports of them. Collective.
  func judgeAverage(known: AveragedEvaluation?) throws -> AveragedEvaluation? {
    try averagedParameters.map {
      let (test, validation, training) = try judge($0, known: known.map { ($0.test, $0.validation) })
      return AveragedEvaluation(test: test, validation: validation, training: training, digest: $0.digest)
    }
  }
}
