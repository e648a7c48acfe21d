import CKernels
import LockstepData
import LockstepSupport

/// Receives the weight gradients of a backward pass and decides when each is summed, over which rows, and where to.
package protocol WeightGradientSink: AnyObject {
  /// Receives a layer's job, the last layer's first, between two jobs of the team. A job that cannot be deferred must
  /// be summed before this returns.
  func add(_ job: WeightGradientJob)
}

/// The gradient of one layer's parameters, ready to be summed.
package struct WeightGradientJob {
  /// The layer's number in the plan.
  package let layer: Int
  /// Where its parameters lie in the flat buffer.
  package let parameters: Range<Int>
  package let microBatches: MicroBatches
  let work: Work

  enum Work {
    /// From input and output gradient, which stay unchanged until the step's end: it can be deferred and divided.
    case divided(any DividedLayer, x: Activations, dy: Activations)
    /// From the pass's scratch memory, on all threads.
    case immediate((_ gradient: GradientSlice) -> Bool)
  }

  package var canDefer: Bool {
    switch work {
    case .divided: true
    case .immediate: false
    }
  }

  /// The same job over the rows of all of a node's ranks.
  package func over(x: Activations, dy: Activations, microBatches: MicroBatches) -> WeightGradientJob {
    guard case .divided(let layer, _, _) = work else { return self }
    return WeightGradientJob(
      layer: self.layer, parameters: parameters, microBatches: microBatches,
      work: .divided(layer, x: x, dy: dy))
  }

  /// Sums a rank's share of several jobs on all threads, which wait for each other once; a job that cannot be deferred
  /// is summed whole. Returns the layers whose gradient is NaN or too large to sum exactly.
  package static func sum(
    _ jobs: [WeightGradientJob], share: Share = .whole, team: ThreadTeam,
    into gradient: (WeightGradientJob) -> GradientSlice
  ) -> [Int] {
    jobs.isEmpty
      ? [] : Trace.span("weight gradients") { sumAll(jobs, share: share, team: team, into: gradient) }
  }

  private static func sumAll(
    _ jobs: [WeightGradientJob], share: Share, team: ThreadTeam,
    into gradient: (WeightGradientJob) -> GradientSlice
  ) -> [Int] {
    var failed: [Int] = []
    var divided: [(job: WeightGradientJob, part: (Share, _ thread: Int) -> Bool)] = []
    for job in jobs {
      let slice = gradient(job)
      switch job.work {
      case .immediate(let sum): if !sum(slice) { failed.append(job.layer) }
      case .divided(let layer, let x, let dy):
        divided.append(
          (
            job,
            {
              layer.weightGradient(
                x: x, dy: dy, microBatches: job.microBatches, into: slice, share: share, part: $0, thread: $1)
            }
          ))
      }
    }
    guard !divided.isEmpty else { return failed }
    let failures = divided.map { _ in FailureFlag() }
    let parts = team.count
    team.splitByThread(parts, pieces: 1) { [divided] range, thread in
      for part in range {
        for (number, layer) in divided.enumerated()
        where !layer.part(Share(index: part, count: parts), thread) {
          failures[number].raise()
        }
      }
    }
    return failed + zip(divided, failures).filter { $1.isRaised }.map(\.0.job.layer)
  }
}

/// Where one layer's gradient goes.
package enum GradientSlice: @unchecked Sendable {
  /// Written as sums of multiples of 2^-42; micro-batch gradients over `limit` are refused.
  case exact(UnsafeMutablePointer<Double>, limit: Float)
  /// Written as Float.
  case fast(UnsafeMutablePointer<Float>)
  /// Summed exactly or in Float and applied at once: a single rank need not write a gradient that no other adds to.
  case applied(kernel_update, isExact: Bool, limit: Float)
  /// Rounded to integer grids; what is not finite is refused.
  case grid(GridSlice)
}
