import PlatformC

/// A signal handler that receives the signal's origin (SA_SIGINFO).
package typealias SignalHandler =
  @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

/// Installs `handler` for a signal and stores the handler before it in `former`.
package func handle(
  _ number: Int32, by handler: SignalHandler, former: UnsafeMutablePointer<sigaction>
) {
  var action = sigaction()
  #if canImport(Darwin)
    action.__sigaction_u.__sa_sigaction = handler
  #else
    action.__sigaction_handler.sa_sigaction = handler
  #endif
  // After a stack overflow there is no room for a handler on that stack.
  action.sa_flags = Int32(SA_SIGINFO) | Int32(SA_ONSTACK)
  sigaction(number, &action, former)
}

/// Called in a handler, passes the signal to the former one: after a fault the instruction runs again, a sent signal is
/// raised again. Async-signal-safe.
package func pass(
  _ number: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, to former: UnsafePointer<sigaction>
) {
  sigaction(number, former, nil)
  if let info, info.pointee.si_code <= 0 { raise(number) }
}
