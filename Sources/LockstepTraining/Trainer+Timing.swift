import LockstepSupport

extension Trainer {
  /// Takes so many steps and returns the seconds of each on this rank. They train, but nothing is evaluated, observed
  /// or saved. Collective. Throws as `train` does.
  package func timeSteps(_ count: Int) throws -> [Double] {
    try (0..<count).map { _ in
      let order = sampler.order(epoch: state.epoch)
      let shard = sampler.shard(step: state.stepOfEpoch, rank: collective.rank, ranks: collective.size)
      let rate = schedule.learningRate(step: state.step, epoch: state.epoch)
      let (start, earlier) = (ContinuousClock.now, state.step)
      state.add(try step(on: shard, of: order, learningRate: rate), count: shard.globalCount)
      let duration = (ContinuousClock.now - start).components
      precondition(state.step == earlier + 1)
      if state.stepOfEpoch == sampler.stepsPerEpoch { state.endEpoch() }
      return Double(duration.seconds) + Double(duration.attoseconds) * 1e-18
    }
  }
}
