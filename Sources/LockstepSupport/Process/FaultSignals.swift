import PlatformC

/// The signals by which the system ends a process for a fault of its own. Sent by another process they are requests to
/// stop like any other; those of a fault go to whoever handled them before, Swift's backtrace among them.
enum FaultSignals {
  private static let numbers = [SIGABRT, SIGTRAP, SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL]
  nonisolated(unsafe) private static let formers: UnsafeMutablePointer<sigaction> = {
    let formers = UnsafeMutablePointer<sigaction>.allocate(capacity: 32)
    formers.initialize(repeating: sigaction(), count: 32)
    return formers
  }()

  /// What was ignored at the start stays so.
  static func catchThoseOfOthers() {
    for number in numbers where !StopRequest.isIgnored(number) {
      handle(number, by: handler, former: formers + Int(number))
    }
  }

  /// Whether a process asked for it (`kill`), which is not this one (`abort`).
  static func isOfAnother(_ info: UnsafeMutablePointer<siginfo_t>?) -> Bool {
    guard let info = info?.pointee else { return false }
    #if canImport(Darwin)
      return info.si_code == SI_USER && info.si_pid != getpid()
    #else
      // SI_USER, SI_QUEUE and SI_TKILL; those of faults are above 0. The sender of a parent container is 0.
      return info.si_code <= 0 && info._sifields._kill.si_pid != getpid()
    #endif
  }

  /// Does only what a signal handler may.
  private static let handler: SignalHandler = { number, info, _ in
    if isOfAnother(info) { return StopRequest.receive(number) }
    pass(number, info, to: formers + Int(number))
  }
}
