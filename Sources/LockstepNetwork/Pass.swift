import CKernels
import LockstepSupport

/// What layers must know of the pass that they work in.
package struct Pass: @unchecked Sendable {
  /// Samples in this rank's batch.
  package let rows: Int
  package let microBatches: MicroBatches
  /// Memory of this pass alone, as much as `FusionPlan.scratchCount` says.
  package let scratch: UnsafeMutablePointer<Float>
  package let team: ThreadTeam
  /// What dropout draws from; nil where nothing is learned and it lets everything through.
  package let randomness: Randomness?

  package struct Randomness {
    package let seed: UInt64
    package let epoch: Int
    /// The dataset's number of each row's sample.
    package let samples: UnsafePointer<Int>

    package init(seed: UInt64, epoch: Int, samples: UnsafePointer<Int>) {
      self.seed = seed
      self.epoch = epoch
      self.samples = samples
    }
  }

  package init(
    rows: Int, microBatches: MicroBatches = MicroBatches(), scratch: UnsafeMutablePointer<Float>,
    team: ThreadTeam, randomness: Randomness? = nil
  ) {
    self.rows = rows
    self.microBatches = microBatches
    self.scratch = scratch
    self.team = team
    self.randomness = randomness
  }

  /// The same with other scratch memory.
  func with(scratch: UnsafeMutablePointer<Float>) -> Pass {
    Pass(rows: rows, microBatches: microBatches, scratch: scratch, team: team, randomness: randomness)
  }
}

/// How micro-batches lie in rows: the rows of one are one chain of additions of a weight gradient.
package struct MicroBatches: Equatable, Sendable {
  /// Micro-batch m is rows `bounds[m] ..< bounds[m + 1]`; empty where nothing is learned.
  package let bounds: [Int32]
  /// The number of the first one in the global batch.
  package let first: Int

  package init(bounds: [Int32] = [], first: Int = 0) {
    (self.bounds, self.first) = (bounds, first)
  }

  var rows: Int { Int(bounds.last ?? 0) }

  /// The rows of each that has some.
  var chains: [Range<Int>] {
    zip(bounds, bounds.dropFirst()).map { Int($0)..<Int($1) }.filter { !$0.isEmpty }
  }

  /// As the kernels take them.
  func withKernel<T>(_ body: (kernel_micro_batches) -> T) -> T {
    bounds.withUnsafeBufferPointer {
      body(kernel_micro_batches(bounds: $0.baseAddress, count: Int32(max($0.count - 1, 0))))
    }
  }
}
