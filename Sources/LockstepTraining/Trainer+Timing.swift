import LockstepSupport

extension Trainer {
  /// Takes so many steps and returns the seconds of each on this rank. They train, but nothing is evaluated, observed
  /// or saved. Collective. Throws as `train` does.
  package func timeSteps(_ count: Int) throws -> [Double] {
    try (0..<count).map { _ in
      let seconds = try secondsOf { _ = try takeStep(of: sampler.order(epoch: state.epoch)) }
      if state.stepOfEpoch == sampler.stepsPerEpoch { state.endEpoch() }
      return seconds
    }
  }
}
