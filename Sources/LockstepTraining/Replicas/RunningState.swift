import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// What layers keep besides parameters: running means and variances. Each micro-batch of a step has a slot of doubles,
/// which its rank fills; the sum of all ranks' slots, where others have zeros, is exact whatever the magnitudes, which
/// that on a gradient's grid would not be. Slots are then folded into the state in the order of micro-batches.
final class RunningState {
  private let network: Network
  private let slots: AlignedBuffer<Double>
  /// Samples of the global batch's micro-batches.
  private var samples: [Int] = []

  init(_ network: Network, microBatches: Int) {
    self.network = network
    slots = AlignedBuffer(count: Self.slotCount(network, microBatches: microBatches), zero: 0)
  }

  static func slotCount(_ network: Network, microBatches: Int) -> Int {
    network.paddedStateCount * microBatches
  }

  /// Prepares for a step of which this rank computes `shard`.
  func begin(_ shard: Shard, _ sampler: Sampler) {
    guard network.paddedStateCount > 0 else { return }
    slots.elements.update(repeating: 0)
    let bounds = sampler.bounds(count: shard.globalCount, rank: 0, ranks: 1)
    samples = zip(bounds, bounds.dropFirst()).map { Int($1 - $0) }
  }

  /// Where the pass over the shard leaves its statistics.
  func statistics(of shard: Shard) -> StatisticsSlots {
    StatisticsSlots(
      MicroBatches(bounds: shard.bounds, first: shard.firstMicroBatch),
      first: slots.pointer + shard.firstMicroBatch * network.paddedStateCount,
      stride: network.paddedStateCount)
  }

  /// The step's statistics, the same on all ranks. Collective.
  func sum(_ collective: any Collective) throws -> [LayerStatistics] {
    guard network.paddedStateCount > 0 else { return [] }
    if collective.size > 1 { try collective.allReduce(slots.elements) }
    return network.statistics(of: slots.pointer, samples: samples)
  }
}
