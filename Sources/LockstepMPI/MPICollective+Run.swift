import LockstepRanks
import LockstepSupport
import MPI

extension MPICollective {
  /// Runs the body on all ranks that a launcher (mpirun, srun) started, or without one in this process alone: the whole
  /// of a program that trains on ranks. To be called once, on the main thread.
  ///
  /// Where all ranks throw alike (`AgreedError`), so does this on each. An error of one rank alone, for which the
  /// others may wait, is handed to `failed`, which may print it, and ends the job.
  public static func run<T>(
    failed: (any Error) -> Void = { _ in }, _ body: (any Collective) throws -> T
  ) throws -> T {
    guard Launcher.isPresent else {
      try Launcher.requireAlone()
      return try body(SingleProcess())
    }
    return try World.run(quota: CPUQuota.least) { world in
      let collective = try MPICollective(world)
      let result = Result {
        try collective.requireSameBuild()
        if collective.nodeSize > 1, collective.nodeRank == 0 { StaleSegments.remove() }
        return try body(collective)
      }
      if case .failure(let error) = result, !(error is AgreedError), collective.size > 1 {
        failed(error)
        World.abort(status: (error as? LockstepError)?.exitStatus ?? 1)
      }
      try collective.free()
      return result
    }.get()
  }
}
