import CKernels
import LockstepNetwork
import LockstepSupport

/// The weight gradients of a step on this rank: deferred jobs and failures.
final class StepGradients {
  let step: Int
  let update: kernel_update
  private let scales: GradientScales?
  /// nil where nothing is summed.
  private let passes: GradientPasses?
  /// Jobs deferred to the end of the backward pass, where all of them are one job of the team.
  private var deferred: [WeightGradientJob] = []
  private(set) var failures = GradientFailures()
  private(set) var failure: GradientFailure?

  init(
    step: Int = 0, update: kernel_update = kernel_update(), scales: GradientScales? = nil,
    passes: GradientPasses? = nil
  ) {
    (self.step, self.update, self.scales, self.passes) = (step, update, scales, passes)
  }

  func add(
    _ job: WeightGradientJob, team: ThreadTeam, into gradient: (WeightGradientJob) -> GradientSlice
  ) {
    deferred.append(job)
    if !job.canDefer {
      failures.add(sum([deferred.removeLast()], team: team, into: gradient))
    }
  }

  /// As `WeightGradientJob.sum`. In the first step of integer grids also notes the largest gradients, which the kernels
  /// of doubles do not.
  func sum(
    _ jobs: [WeightGradientJob], share: Share = .whole, team: ThreadTeam,
    into gradient: (WeightGradientJob) -> GradientSlice
  ) -> [Int] {
    var failed: [Int] = []
    if let scales, scales.isFirstStep {
      failed = WeightGradientJob.sum(jobs, share: share, team: team) {
        scales.slice(at: $0.parameters.lowerBound, microBatch: 0, into: nil, applying: nil)
      }
      _ = scales.findings.takeClamped()
    }
    failed += WeightGradientJob.sum(jobs, share: share, team: team, into: gradient)
    passes?.add(jobs)
    return failed
  }

  /// Sums the deferred jobs before the pass ends.
  func sumDeferred(team: ThreadTeam, into gradient: (WeightGradientJob) -> GradientSlice) {
    failures.add(sum(deferred, team: team, into: gradient))
    deferred = []
  }

  /// Ends a pass that another one follows.
  func endPass(team: ThreadTeam, into gradient: (WeightGradientJob) -> GradientSlice) {
    sumDeferred(team: team, into: gradient)
    passes?.end()
  }

  /// Sums the deferred jobs. Returns this rank's metrics with its failures.
  func finish(
    _ metrics: StepMetrics, team: ThreadTeam, into gradient: (WeightGradientJob) -> GradientSlice
  ) -> StepMetrics {
    failures.add(sum(deferred, team: team, into: gradient))
    failures.isLossNaN = metrics.loss.value.isNaN
    var metrics = metrics
    metrics.failures = failures.isEmpty ? 0 : 1
    metrics.clamped = scales?.findings.takeClamped() ?? 0
    return metrics
  }

  /// Ends the step on all ranks with the error of the first rank that failed; `layers` failed besides those already
  /// known. Collective.
  func refuse(_ settings: ReplicaSettings, limit: Float, also layers: [Int] = []) throws {
    failures.add(layers)
    let (collective, isEmpty) = (settings.collective, failures.isEmpty)
    let layer = failures.layers.min().map { settings.plan.units[$0].name } ?? "loss"
    let first = try collective.allGather(isEmpty ? 0 : 1).firstIndex(of: 1) ?? 0
    let name = try collective.broadcast(Array(layer.utf8), from: first)
    failure = GradientFailure(step: step, layer: String(decoding: name, as: UTF8.self))
    let isOnGrid = scales.map { !$0.isFirstStep } ?? false
    try collective.together {
      guard !isEmpty else { return }
      throw LockstepError(
        .failure, "step \(step), \(layer)",
        expected: isOnGrid ? "finite gradients" : "gradients of at most \(limit) in magnitude",
        found: isOnGrid
          ? "NaN or infinity: training has diverged" : "a larger one or NaN: training has diverged",
        fix: settings.recipe.adviceOnDivergence)
    }
  }

  /// Statistics that a Float holds; else the error, on all ranks, which have the same ones. Collective.
  func checked(_ statistics: [LayerStatistics], _ settings: ReplicaSettings) throws -> [LayerStatistics] {
    let most = Double(Float.greatestFiniteMagnitude)
    for layer in statistics {
      guard let odd = layer.values.first(where: { !($0.magnitude <= most) }) else { continue }
      failure = GradientFailure(step: step, layer: layer.layer)
      try settings.collective.together {
        throw LockstepError(
          .failure, "step \(step), \(layer.layer)", expected: "means and variances that a Float holds",
          found: "\(odd): training has diverged", fix: settings.recipe.adviceOnDivergence)
      }
    }
    return statistics
  }
}

/// A gradient that could not be summed: NaN, or too large.
package struct GradientFailure: Equatable, Sendable {
  package let step: Int
  /// "layers.0", or "loss" if no layer is known.
  package let layer: String
}

/// The layers whose gradient this rank could not sum in a step, by their numbers in the plan.
struct GradientFailures {
  private(set) var layers: Set<Int> = []
  /// The fast reduction checks no gradients, but the loss shows as much.
  var isLossNaN = false
  var isEmpty: Bool { layers.isEmpty && !isLossNaN }

  mutating func add(_ layers: [Int]) { self.layers.formUnion(layers) }
}

extension Recipe {
  /// Advice against divergence: what the recipe does not do yet.
  var adviceOnDivergence: String {
    let isUnscaled = LossRegistry.isOfNumbers(loss) == true && normalizeTargets == .none
    var advice = [isUnscaled ? "Scale the targets by --normalize-targets auto, lower --lr" : "Lower --lr"]
    if optimizer == .lars, trustCoefficient > 0.001 { advice.append("lower --trust-coefficient") }
    if normalize == .none { advice.append("normalise the data with --normalize auto") }
    if warmupSteps == 0 { advice.append("use --warmup-steps") }
    return advice.joined(separator: ", or ")
  }
}
