extension LockstepError {
  /// What kind of error it is; the raw value is the status that the process ends with (sysexits.h).
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

  /// The status that the process ends with.
  public var exitStatus: Int32 { kind.rawValue }
}
