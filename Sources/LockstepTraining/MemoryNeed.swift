import LockstepNetwork
import LockstepRanks
import LockstepSupport
import PlatformC

/// The memory that a rank needs besides the dataset, computed before any is allocated. In Double, so that no size
/// overflows.
package struct MemoryNeed: Equatable {
  /// Weights, moments, gradients, and their copies for a checkpoint: depends on the layers.
  package var state = 0.0
  /// Activations and their gradients: depends on the samples of a batch too.
  package var samples = 0.0
  /// The part of these for evaluation, whose batches no flag makes smaller.
  package var evaluation = 0.0
  /// Copies of each thread.
  package var threads = 0.0
  /// Memory that the node's ranks share.
  package var shared = 0.0
  /// The flag that makes the layers smaller.
  package var layersFlag = "--network"
  /// Whether smaller micro-batches need less: not below the rows that every batch has memory for.
  package var shrinksWithMicroBatches = false

  package var own: Double { state + samples + threads }

  /// For evaluating batches of `rows`.
  package init(evaluating plan: FusionPlan, rows: Int) {
    (samples, threads) = Workspace.byteCount(plan, capacity: rows, learns: false)
    evaluation = samples
    // The parameters with the scalings by the state.
    if plan.network.paddedStateCount > 0 { state = 4 * Double(plan.network.bufferCount) }
  }

  /// For training on `rows` samples of each batch. `shared.units` are the plan's units whose rows are in the node's
  /// shared memory, `shared.bytes` its size; nil if the rank shares nothing. `usesMPI`: MPI sums gradients. `isWriter`:
  /// the rank makes the checkpoints. `accumulates`: it adds up the gradients of several passes.
  package init(
    training plan: FusionPlan, recipe: Recipe, rows: Int, threads: Int, copiesInput: Bool,
    shared: (units: Set<Int>, bytes: Int)?, usesMPI: Bool, isWriter: Bool,
    accumulates: Bool = false
  ) {
    self.init(evaluating: plan, rows: Evaluator.batchSize)
    let network = plan.network
    // And their moving average.
    let weights = 4 * Double(network.bufferCount) * (recipe.averagesWeights ? 2 : 1)
    let kept = weights + 4 * Double(network.paddedParameterCount * recipe.momentCount)
    let best = recipe.keepBest ? weights : 0
    let gradient = Double(
      GradientSum.byteCount(paddedParameterCount: network.paddedParameterCount, reduction: recipe.reduction))
    state += best + (shared == nil ? kept + gradient : 0)
    // MPI copies these, too.
    state += 16 * Double(RunningState.slotCount(network, microBatches: recipe.microBatches))
    // MPI copies what it sums; the sum over a node's ranks is another buffer.
    if usesMPI { state += shared == nil ? gradient : 2 * gradient }
    if accumulates { state += gradient }
    // Which tensor each 16 elements belong to.
    if recipe.optimizer == .lars { state += Double(network.paddedParameterCount) / 4 }
    // A copy, its tensors in PyTorch's order, and their bytes in the file.
    if isWriter { state += 3 * (kept + best) }
    let learning = Workspace.byteCount(
      plan, capacity: rows, learns: true, shared: shared?.units ?? [], threads: threads,
      copiesInput: copiesInput)
    samples += learning.samples
    self.threads += learning.threads
    let images = (recipe.augmentation.isNone ? 0 : 1) + (recipe.mixes ? 1 : 0)
    samples += 4 * Double(images * rows) * Double(rowStride(network.inputFeatures))
    self.shared = Double(shared?.bytes ?? 0)
    shrinksWithMicroBatches = paddedToPanel(rows) > paddedToPanel(1)
    if recipe.network.isEmpty, recipe.model == .mlp { layersFlag = "--hidden" }
  }

  /// Throws if this process cannot get that much memory: compares with the limits, then also maps it and releases it.
  func reserve() throws {
    for limit in MemoryLimit.ofProcess { try check(own + shared + Self.slack, limit) }
    guard own >= 1 else { return }
    let taken =
      own < 0x1p62
      ? mmap(nil, Int(own), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) : MAP_FAILED
    guard let taken, taken != MAP_FAILED else {
      throw refusal(own, allowed: "as much as the system grants this process", ranks: 1)
    }
    munmap(taken, Int(own))
  }

  /// Thread stacks, messages, the allocator's own memory.
  private static let slack = 0x1p25

  /// Throws on all ranks if any of them, or those of a node together, cannot get what they need. Collective.
  func require(_ collective: any Collective) throws {
    let owns = try collective.allGather(UInt64(min(own, 0x1p62)))
    let limit = MemoryLimit.ofNode
    // Ranks under the same limit, a control group's or the machine's, share it.
    let names = try collective.allGather((limit?.name ?? "").stableHash)
    let sharers = collective.nodeRanks.filter { names[$0] == names[collective.rank] }
    let total = sharers.reduce(shared) { $0 + Double(owns[$1]) }
    try collective.together {
      if let limit { try check(total, limit, ranks: sharers.count) }
      try reserve()
    }
  }

  /// Throws if `bytes`, the need of `ranks` ranks, exceed the limit.
  package func check(_ bytes: Double, _ limit: MemoryLimit, ranks: Int = 1) throws {
    guard bytes <= limit.bytes else {
      throw refusal(bytes, allowed: "at most \(limit.bytes.inBytes), \(limit.name)", ranks: ranks)
    }
  }

  private func refusal(_ bytes: Double, allowed: String, ranks: Int) -> LockstepError {
    let parts = [
      (state + shared, "weights, moments, gradients and checkpoints", layersFlag),
      (samples - evaluation, "activations", shrinksWithMicroBatches ? "--batch-size" : layersFlag),
      (evaluation, "activations in evaluation", layersFlag),
      (threads, "copies of each thread", "--threads"),
    ].filter { $0.0 > 0.05 * (own + shared) }.sorted { $0.0 > $1.0 }
    let flags = parts.map(\.2).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
    let others =
      (flags.contains("--batch-size") ? ["raise --micro-batches (which changes the bits)"] : [])
      + (ranks > 1 ? ["start fewer ranks on this node"] : [])
    return LockstepError(
      .usage, "memory", expected: "to need \(allowed)",
      found: "\(bytes.inBytes)" + (ranks > 1 ? " for \(ranks) ranks" : "") + ", for "
        + parts.map(\.1).joined(separator: " and "),
      fix: (["Lower \(flags.joined(separator: " or "))"] + others).joined(separator: ", or "))
  }
}
