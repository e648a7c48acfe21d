import PlatformC
import Synchronization

/// A request, by signal, to stop training with a checkpoint.
public enum StopRequest {
  /// When the first request came, in milliseconds of a monotonic clock; 0 if none has.
  private static let time = Atomic<Int>(0)

  /// The bits of a `@convention(c)` function that the signal handler calls at each request; 0 for none.
  private static let hook = Atomic<UInt>(0)

  /// Calls `hook` at each request from now on, in the signal handler: it must be async-signal-safe.
  package static func whenRaised(_ hook: @escaping @convention(c) () -> Void) {
    self.hook.store(unsafeBitCast(hook, to: UInt.self), ordering: .releasing)
  }

  private static func raised() {
    let bits = hook.load(ordering: .acquiring)
    if bits != 0 { unsafeBitCast(bits, to: (@convention(c) () -> Void).self)() }
  }

  /// Whether a stop has been requested in this process.
  public static var isRaised: Bool { time.load(ordering: .relaxed) != 0 }

  /// Makes every signal that would end the process a request to stop; those of faults (SIGABRT, SIGSEGV) only if
  /// another process sent them. One that comes a second or more after the first ends the process at once; sooner, it
  /// may be the same request forwarded by a launcher.
  ///
  /// Ignores what `ignoreFailedWrites` does, and SIGTTOU, so that progress can be shown from the background. Signals
  /// ignored at the start, such as SIGHUP under nohup, stay ignored; blocked ones are unblocked.
  public static func catchSignals() {
    _ = isRaised  // initialises the static, which a signal handler must not
    raised()  // likewise
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

  /// Ignores SIGPIPE (a reader went away) and SIGXFSZ (a file over its size limit): the calls that cause them fail.
  public static func ignoreFailedWrites() {
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }

  private static var requests: [Int32] {
    let portable = [
      SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF,
    ]
    #if os(Linux)
      return portable + [SIGPWR, SIGIO, SIGSTKFLT] + (__libc_current_sigrtmin()...__libc_current_sigrtmax())
    #else
      return portable
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

  /// Async-signal-safe: uses atomics, clock_gettime, pwrite, signal and raise only.
  static func receive(_ number: Int32) {
    var clock = timespec()
    clock_gettime(CLOCK_MONOTONIC, &clock)
    let now = 1000 * Int(clock.tv_sec) + Int(clock.tv_nsec) / 1_000_000 + 1
    let (isFirst, first) = time.compareExchange(expected: 0, desired: now, ordering: .relaxed)
    raised()
    guard !isFirst, now - first >= 1000 else { return }
    switch number {
    // These repeat by themselves: every second over a limit, or by a timer.
    case SIGXCPU, SIGALRM, SIGVTALRM, SIGPROF: return
    default: break
    }
    signal(number, SIG_DFL)
    raise(number)
  }
}
