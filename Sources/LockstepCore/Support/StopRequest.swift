import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A signal's request that training stop with a checkpoint.
public enum StopRequest {
  /// When the first came, in milliseconds of a steady clock; 0 before it.
  private static let time = Atomic<Int>(0)

  public static var isRaised: Bool { time.load(ordering: .relaxed) != 0 }

  /// From here on SIGTERM, SIGINT, SIGHUP and SIGUSR1 are requests to stop. One that comes a second or more after the first ends
  /// the process at once; sooner it may be the same request on another way, from a launcher that forwards it.
  public static func catchSignals() {
    _ = isRaised  // makes the static, which a signal handler must not
    RunLock.markStopping()  // the same
    for number in [SIGTERM, SIGINT, SIGUSR1] { signal(number, handler) }
    // nohup has it ignored, and so it stays.
    let ignored = unsafeBitCast(SIG_IGN, to: Int.self)
    if unsafeBitCast(signal(SIGHUP, SIG_IGN), to: Int.self) != ignored { signal(SIGHUP, handler) }
  }

  /// Does only what a signal handler may: atomics, clock_gettime, pwrite, signal and raise.
  private static let handler: @convention(c) (Int32) -> Void = { number in
    var clock = timespec()
    clock_gettime(CLOCK_MONOTONIC, &clock)
    let now = 1000 * Int(clock.tv_sec) + Int(clock.tv_nsec) / 1_000_000 + 1
    let (isFirst, first) = time.compareExchange(expected: 0, desired: now, ordering: .relaxed)
    RunLock.markStopping()
    guard !isFirst, now - first >= 1000 else { return }
    signal(number, SIG_DFL)
    raise(number)
  }
}
