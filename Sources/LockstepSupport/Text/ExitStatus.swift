extension LockstepError {
  /// The kind of an error; the raw value is the process's exit status (sysexits.h).
  public enum Kind: Int32, Sendable {
    /// A bad flag, recipe key or value.
    case usage = 64
    /// A data, model or checkpoint file that cannot be used.
    case data = 65
    /// Stopped on request, with a checkpoint.
    case stopped = 75
    /// Everything else.
    case failure = 1
  }

  /// The exit status that the command uses for it.
  public var exitStatus: Int32 { kind.rawValue }
}
