import CKernels
import LockstepSupport

/// What layers must know about the pass that they compute.
package struct Pass: @unchecked Sendable {
  /// Samples in this rank's batch.
  package let rows: Int
  package let microBatches: MicroBatches
  /// Scratch memory for this pass, of `FusionPlan.scratchCount` floats.
  package let scratch: UnsafeMutablePointer<Float>
  package let team: ThreadTeam
  /// What dropout draws from; nil in evaluation, where it does nothing.
  package let randomness: Randomness?
  /// Where micro-batches leave their statistics; nil in evaluation, which takes the running ones.
  package let statistics: StatisticsSlots?

  package struct Randomness {
    package let seed: UInt64
    package let epoch: Int
    /// The index in the dataset of each row's sample.
    package let samples: UnsafePointer<Int>

    package init(seed: UInt64, epoch: Int, samples: UnsafePointer<Int>) {
      self.seed = seed
      self.epoch = epoch
      self.samples = samples
    }
  }

  package init(
    rows: Int, microBatches: MicroBatches = MicroBatches(), scratch: UnsafeMutablePointer<Float>,
    team: ThreadTeam, randomness: Randomness? = nil, statistics: StatisticsSlots? = nil
  ) {
    self.rows = rows
    self.microBatches = microBatches
    self.scratch = scratch
    self.team = team
    self.randomness = randomness
    self.statistics = statistics
  }

  /// The same pass with other scratch memory.
  func with(scratch: UnsafeMutablePointer<Float>) -> Pass {
    Pass(
      rows: rows, microBatches: microBatches, scratch: scratch, team: team, randomness: randomness,
      statistics: statistics)
  }
}

/// The rows of each micro-batch: one micro-batch's rows are one chain of additions of a weight gradient.
package struct MicroBatches: Equatable, Sendable {
  /// Micro-batch m is rows `bounds[m] ..< bounds[m + 1]`; empty in evaluation.
  package let bounds: [Int32]
  /// The number of the first one in the global batch.
  package let first: Int

  package init(bounds: [Int32] = [], first: Int = 0) {
    (self.bounds, self.first) = (bounds, first)
  }

  var rows: Int { Int(bounds.last ?? 0) }

  /// The rows of each micro-batch that is not empty.
  var chains: [Range<Int>] {
    zip(bounds, bounds.dropFirst()).map { Int($0)..<Int($1) }.filter { !$0.isEmpty }
  }

  /// The numbers of these, from `first` on.
  var chainNumbers: [Int32] {
    bounds.indices.dropLast().filter { bounds[$0] < bounds[$0 + 1] }.map { Int32($0) }
  }

  /// As the kernels take them.
  func withKernel<T>(_ body: (kernel_micro_batches) -> T) -> T {
    bounds.withUnsafeBufferPointer {
      body(kernel_micro_batches(bounds: $0.baseAddress, count: Int32(max($0.count - 1, 0))))
    }
  }
}
