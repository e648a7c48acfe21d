import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// Evaluates a network in batches; each rank evaluates a contiguous share of the samples. Every loss is rounded to
/// `ExactGrid` before it is summed, so that the result does not depend on the number of ranks.
public final class Evaluator {
  static let batchSize = 256
  private let plan: FusionPlan
  let collective: any Collective
  private let team: ThreadTeam
  private let normalization: Normalization
  private let workspace: Workspace
  /// An error for the loss of a program of a user's own, whose models predict elsewhere too.
  private let loss: Result<any BatchLoss, any Error>
  /// What the network gives where labels are numbers; nil for classes.
  package let regression: Regression?
  private let batch: Batch
  /// Whether an evaluation has ended in NaN; the same on all ranks.
  private(set) var hasFoundNaN = false

  /// `normalization` must not be `auto` (`Normalization.resolved`); `regression` is what the outputs are, nil for
  /// classes. Not collective. Throws `LockstepError` (usage) for a normalization that no recipe could contain, and if
  /// there is not enough memory.
  public init(
    _ network: Network, normalization: Normalization, regression: Regression? = nil,
    collective: any Collective, team: ThreadTeam
  ) throws {
    try normalization.check()
    plan = FusionPlan(network, for: .evaluation)
    try MemoryNeed(evaluating: plan, rows: Self.batchSize).reserve()
    self.normalization = normalization
    self.collective = collective
    self.team = team
    workspace = Workspace(plan, capacity: Self.batchSize, learns: false)
    self.regression = regression
    loss = Result {
      try LossRegistry.make(
        regression?.loss ?? LossRegistry.crossEntropy, outputs: network.classes, capacity: Self.batchSize,
        scaling: regression?.scaling)
    }
    batch = Batch(capacity: Self.batchSize, targets: regression?.scaling)
  }

  /// Evaluates the samples of the split that `indices` picks; nil for all. Collective.
  ///
  /// Throws `LockstepError` (data or usage) on each rank whose samples, labels, indices or parameters do not fit the
  /// network, and `AgreedError` (failure) on all ranks if the loss is NaN.
  public func evaluate(_ parameters: Parameters, on split: Split, indices: [Int]? = nil) throws -> Evaluation
  {
    try evaluate(parameters, on: split, indices: indices) { _, _ in }
  }

  /// The same. `observe` is called for each of this rank's samples, with its place in `indices` or, without, the split,
  /// and its logits, `[classes]`.
  func evaluate(
    _ parameters: Parameters, on split: Split, indices: [Int]?,
    observe: (_ sample: Int, _ logits: UnsafeBufferPointer<Float>) -> Void
  ) throws -> Evaluation {
    try check(parameters, split)
    if let odd = indices?.first(where: { !(0..<split.count).contains($0) }) {
      throw LockstepError(
        .usage, "indices", expected: "numbers of samples from 0 to \(split.count - 1)", found: "\(odd)")
    }
    let (count, parameters) = (indices?.count ?? split.count, prepared(parameters))
    let loss = try loss.get()
    let targets = regression.flatMap { regression in split.targets.map { ($0, regression.scaling) } }
    let sums = AlignedBuffer<Double>(
      count: ExactSum.valueCount + 1 + ErrorSums.count(regression?.scaling.columns ?? 0), zero: 0)
    let errorSums = sums.pointer + ExactSum.valueCount + 1
    try Activity.during(.evaluating) {
      try Trace.span("evaluate") {
        forEachBatch(of: 0..<count) { start, rows in
          forward(parameters, rows: rows, of: split) { indices?[start + $0] ?? start + $0 }
          let part = plan.evaluate(
            loss, targets: batch.targets, divisor: Double(count), parameters, workspace,
            pass: pass(rows: rows))
          for (place, value) in part.loss.values.enumerated() { sums.pointer[place] += value }
          sums.pointer[ExactSum.valueCount] += Double(part.hits)
          for row in 0..<rows {
            observe(start + row, logits(row))
            guard let (targets, scaling) = targets else { continue }
            ErrorSums.add(logits(row), batch.samples[row], of: targets, scaling, to: errorSums)
          }
        }
        try collective.allReduce(sums.elements)
      }
    }
    // Equal on all ranks.
    let sum = ExactSum(values: sums.elements[..<ExactSum.valueCount]).value
    if sum.isNaN { try refuseNaN() }
    var found = Evaluation(
      loss: sum * loss.unit, hits: Int(sums.pointer[ExactSum.valueCount]), count: count)
    if count > 0, let (targets, scaling) = targets {
      let errors = ErrorSums.errors(errorSums, of: targets, indices: indices, scaling)
      found.errors = errors
      // Whatever its magnitude.
      if let power = loss.power { found.loss = errors.mean(power: power) }
    }
    return found
  }

  private func refuseNaN() throws {
    hasFoundNaN = true
    try collective.together {
      throw LockstepError(
        .failure, "evaluation", expected: "a loss that is a number",
        found: "NaN: training has diverged, or "
          + "samples are far larger than those that were trained on",
        fix: "Lower --lr, or look at the data")
    }
  }

  /// The kernels do not check bounds, so only data that fits the network may reach them.
  /// `needsTargets`: whether numbers are compared with what samples should give.
  func check(_ parameters: Parameters, _ split: Split, needsTargets: Bool = true) throws {
    func failure(_ subject: String, _ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, subject, expected: expected, found: found, fix: "Give what this network was made for")
    }
    let other = parameters.network
    guard other.inputShape == plan.network.inputShape, other.specification == plan.network.specification,
      other.classes == plan.network.classes
    else {
      throw failure("parameters", "those of a network for \(plan.network.inputShape)", "another network's")
    }
    let images = split.images
    guard images.shape == plan.network.inputShape else {
      throw failure("samples", "the shape \(plan.network.inputShape)", "\(images.shape)")
    }
    guard images.count == split.count else {
      throw failure("labels", "\(images.count), one for each sample", "\(split.count)")
    }
    if let regression {
      guard split.targets != nil || needsTargets && split.count > 0 else { return }
      guard split.targets?.elementsPerSample == regression.scaling.columns else {
        throw failure(
          "labels", "\(regression.scaling.columns) numbers of float32 or float64 for each sample",
          split.targets.map { "\($0.elementsPerSample)" } ?? "classes")
      }
      return
    }
    if let odd = split.labels.firstIndex(where: { !(0..<plan.network.classes).contains(Int($0)) }) {
      throw failure(
        "labels", "numbers from 0 to \(plan.network.classes - 1)", "\(split.labels[odd]) at index \(odd)")
    }
  }

  /// Calls the body with the first sample and the size of each batch of this rank's part of the samples.
  func forEachBatch(of samples: Range<Int>, _ body: (_ start: Int, _ rows: Int) -> Void) {
    let end = samples.lowerBound + samples.count * (collective.rank + 1) / collective.size
    let start = samples.lowerBound + samples.count * collective.rank / collective.size
    for start in stride(from: start, to: end, by: Self.batchSize) {
      body(start, min(Self.batchSize, end - start))
    }
  }

  /// Whether this is rank 0.
  package var isReporter: Bool { collective.rank == 0 }

  /// The parameters as `forward` takes them.
  func prepared(_ parameters: Parameters) -> Parameters { plan.prepared(parameters) }

  /// Computes the logits of a batch of samples, whose numbers `index` tells, by `prepared` parameters.
  func forward(_ parameters: Parameters, rows: Int, of split: Split, index: @escaping (Int) -> Int) {
    batch.load(
      rows, from: split, normalization: normalization, into: workspace.input, team: team, index: index)
    plan.forward(parameters, workspace, pass: pass(rows: rows))
  }

  /// A row's logits after `forward`, [classes].
  func logits(_ row: Int) -> UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: workspace.logits.row(row), count: plan.network.classes)
  }

  private func pass(rows: Int) -> Pass {
    Pass(rows: rows, scratch: workspace.scratch.pointer, team: team)
  }
}
