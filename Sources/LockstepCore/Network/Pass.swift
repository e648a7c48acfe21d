import CKernels

/// What layers must know of the pass that they work in.
public struct Pass: @unchecked Sendable {
  /// Samples in this rank's batch.
  public let rows: Int
  public let microBatches: MicroBatches
  /// Memory of this pass alone, as much as `FusionPlan.scratchCount` says.
  public let scratch: UnsafeMutablePointer<Float>
  public let team: ThreadTeam
  /// What dropout draws from; nil where nothing is learned and it lets everything through.
  public let randomness: Randomness?

  public struct Randomness {
    public let seed: UInt64
    public let epoch: Int
    /// The dataset's number of each row's sample.
    public let samples: UnsafePointer<Int>

    public init(seed: UInt64, epoch: Int, samples: UnsafePointer<Int>) {
      self.seed = seed
      self.epoch = epoch
      self.samples = samples
    }
  }

  public init(
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
public struct MicroBatches: Equatable, Sendable {
  /// Micro-batch m is rows `bounds[m] ..< bounds[m + 1]`; empty where nothing is learned.
  public let bounds: [Int32]
  /// The number of the first one in the global batch.
  public let first: Int

  public init(bounds: [Int32] = [], first: Int = 0) {
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
