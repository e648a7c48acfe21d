import LockstepRanks
import LockstepStorage

extension FormerRun {
  /// The run at `path` with its newest checkpoint, if there is a run and it is not finished; nil otherwise. Rank 0
  /// tells what is done with the checkpoint: `doing` is "evaluating" or the like. Collective.
  static func unfinished(
    at path: String, doing: String, _ collective: any Collective, _ listener: RunListener
  ) throws -> FormerRun? {
    let isUnfinished =
      collective.rank == 0 && RunDirectory.isRun(at: path) && RunDirectory.isUnfinished(at: path)
    guard try collective.broadcast([isUnfinished ? 1 : 0], from: 0) == [1] else { return nil }
    let former = try FormerRun(
      checkpointAt: path, collective: collective, fix: "Restore one, or go on with the run to its end",
      tell: listener.warn)
    if let checkpoint = former.checkpoint, collective.rank == 0 {
      listener.tell(
        "\(path): the run is not finished: \(doing) its newest checkpoint, of step \(checkpoint.state.step)")
    }
    return former
  }
}
