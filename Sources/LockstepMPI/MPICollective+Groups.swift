import LockstepRanks
import LockstepSupport
import MPI

/// Parts of a job that work as jobs of their own. Their calls are not told to the other ranks' `StallWatch`, which
/// would take calls of different groups for calls that do not meet; a rank that stops is noticed by its heartbeats all
/// the same.
extension MPICollective {
  public func among(_ ranks: [Int], _ body: (any Collective) throws -> Void) throws {
    let isMember = ranks.contains(rank)
    let part = try world.split(color: isMember ? 1 : 0)
    var result = Result<Void, any Error>.success(())
    if isMember {
      result = Result {
        let collective = try MPICollective(part, isWatched: false)
        try body(collective)
        try collective.free()
      }
    }
    try world.barrierAsleep()
    try part.free()
    try together { try result.get() }
  }

  public func inGroups(_ group: Int?, _ body: ((any Collective)?) throws -> Void) throws {
    let part = try world.split(color: group.map { $0 + 1 } ?? 0)
    let collective = try group.map { _ in try MPICollective(part, isWatched: false) }
    let result = Result { try body(collective) }
    // After an error of one rank alone others wait in calls, where this one must not join them.
    if case .failure(let error) = result, !(error is AgreedError) { throw error }
    try collective?.free()
    try part.free()
    try result.get()
  }

  public func barrierAsleep() throws { try world.barrierAsleep() }
}
