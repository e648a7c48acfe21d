import LockstepSupport

extension StopRequest {
  /// Throws on all ranks (`AgreedError`, stopped) if any received a request to stop before the first step. Collective.
  package static func check(_ collective: any Collective) throws {
    guard try collective.allGather(isRaised ? 1 : 0).contains(1) else { return }
    try collective.together {
      throw LockstepError(
        .stopped, "stopped on request before the first step",
        found: "nothing was trained, and no file was changed",
        fix: "Start the same command again")
    }
  }
}
