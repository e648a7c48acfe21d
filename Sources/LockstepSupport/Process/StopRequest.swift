import PlatformC
import Synchronization

/// A signal's request that training stop with a checkpoint.
public enum StopRequest {
  /// When the first came, in milliseconds of a steady clock; 0 before it.
  private static let time = Atomic<Int>(0)

  /// Called by the signal handler at each request: a `@convention(c)` function as bits, 0 for none.
  private static let hook = Atomic<UInt>(0)

  /// From here on `hook` is called at each request, by the signal handler: it may do only what one may.
  package static func whenRaised(_ hook: @escaping @convention(c) () -> Void) {
    self.hook.store(unsafeBitCast(hook, to: UInt.self), ordering: .releasing)
  }

  private static func raised() {
    let bits = hook.load(ordering: .acquiring)
    if bits != 0 { unsafeBitCast(bits, to: (@convention(c) () -> Void).self)() }
  }

  public static var isRaised: Bool { time.load(ordering: .relaxed) != 0 }

  /// From here on every signal that would end the process is a request to stop, those of faults (SIGABRT, SIGSEGV)
  /// where another process sent them. One that comes a second or more after the first ends the process at once;
  /// sooner it may be the same request on another way, from a launcher that forwards it.
  ///
  /// Not ended by `ignoreFailedWrites`' signals either, nor stopped by SIGTTOU, for telling a terminal how it gets on in the
  /// background. What was ignored at the start, as nohup ignores SIGHUP, stays so; what was blocked does not.
  public static func catchSignals() {
    _ = isRaised  // makes the static, which a signal handler must not
    raised()  // the same
    var caught = sigset_t()
    sigemptyset(&caught)
    for number in requests where !isIgnored(number) {
      signal(number, handler)
      sigaddset(&caught, number)
    }
    FaultSignals.catchThoseOfOthers()
    pthread_sigmask(SIG_UNBLOCK, &caught, nil)
    if !isIgnored(SIGXCPU) { lowerProcessorTimeLimit() }
    ignoreFailedWrites()
    signal(SIGTTOU, SIG_IGN)
  }

  /// A reader of the results that goes away, or a file that would grow over its limit, is an error of the call that
  /// writes.
  public static func ignoreFailedWrites() {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }

  private static var requests: [Int32] {
    let asked = [
      SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF,
    ]
    #if os(Linux)
      return asked + [SIGPWR, SIGIO, SIGSTKFLT] + (__libc_current_sigrtmin()...__libc_current_sigrtmax())
    #else
      return asked
    #endif
  }

  static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    #if canImport(Glibc)
      return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
        == unsafeBitCast(SIG_IGN, to: Int.self)
    #else
      return unsafeBitCast(action.__sigaction_u.__sa_handler, to: Int.self)
        == unsafeBitCast(SIG_IGN, to: Int.self)
    #endif
  }

  private static let handler: @convention(c) (Int32) -> Void = { receive($0) }

  /// Does only what a signal handler may: atomics, clock_gettime, pwrite, signal and raise.
  static func receive(_ number: Int32) {
    var clock = timespec()
    clock_gettime(CLOCK_MONOTONIC, &clock)
    let now = 1000 * Int(clock.tv_sec) + Int(clock.tv_nsec) / 1_000_000 + 1
    let (isFirst, first) = time.compareExchange(expected: 0, desired: now, ordering: .relaxed)
    raised()
    guard !isFirst, now - first >= 1000 else { return }
    switch number {
    // These come again and again by themselves: for each further second over a limit, or by an alarm clock.
    case SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF: return
    default: break
    }
    signal(number, SIG_DFL)
    raise(number)
  }
}
