import PlatformC

/// The signals of a fault in the process itself. Sent by another process they are requests to stop like any other;
/// after a real fault they are passed to the former handler, such as Swift's backtrace.
enum FaultSignals {
  private static let numbers = [SIGABRT, SIGTRAP, SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL]
  nonisolated(unsafe) private static let formers: UnsafeMutablePointer<sigaction> = {
    let formers = UnsafeMutablePointer<sigaction>.allocate(capacity: 32)
    formers.initialize(repeating: sigaction(), count: 32)
    return formers
  }()

  /// Signals ignored at the start stay ignored.
  static func catchThoseOfOthers() {
    for number in numbers where !StopRequest.isIgnored(number) {
      handle(number, by: handler, former: formers + Int(number))
    }
  }

  /// Whether another process sent it (`kill`), and not this one (`abort`).
  static func isOfAnother(_ info: UnsafeMutablePointer<siginfo_t>?) -> Bool {
    guard let info = info?.pointee else { return false }
    #if canImport(Darwin)
      return info.si_code == SI_USER && info.si_pid != getpid()
    #else
      // SI_USER, SI_QUEUE and SI_TKILL; faults have codes above 0. A sender outside of this container has pid 0.
      return info.si_code <= 0 && info._sifields._kill.si_pid != getpid()
    #endif
  }

  /// Async-signal-safe.
  private static let handler: SignalHandler = { number, info, _ in
    if isOfAnother(info) { return StopRequest.receive(number) }
    pass(number, info, to: formers + Int(number))
  }
}
