import LockstepCore

/// Memory for the statistics of a step's micro-batches on one rank.
final class StepSlots {
  let slots: StatisticsSlots
  private let memory: AlignedBuffer<Double>

  init(_ network: Network, _ microBatches: MicroBatches) {
    let count = microBatches.bounds.count - 1
    memory = AlignedBuffer(count: network.paddedStateCount * count, zero: 0)
    slots = StatisticsSlots(microBatches, first: memory.pointer, stride: network.paddedStateCount)
  }

  /// Moves the parameters' state as after a step of one rank.
  func move(_ parameters: Parameters) {
    let bounds = slots.microBatches.bounds
    let samples = zip(bounds, bounds.dropFirst()).map { Int($1 - $0) }
    parameters.moveState(towards: parameters.network.statistics(of: memory.pointer, samples: samples))
  }
}
