import PlatformC

/// What handles a signal and is told where it comes from.
package typealias SignalHandler =
  @convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void

/// Makes `handler` that of a signal, and puts what was there before into `former`.
package func handle(
  _ number: Int32, by handler: SignalHandler, former: UnsafeMutablePointer<sigaction>
) {
  var action = sigaction()
  #if canImport(Darwin)
    action.__sigaction_u.__sa_sigaction = handler
  #else
    action.__sigaction_handler.sa_sigaction = handler
  #endif
  // A stack that overflows leaves no room for a handler on it.
  action.sa_flags = Int32(SA_SIGINFO) | Int32(SA_ONSTACK)
  sigaction(number, &action, former)
}

/// Within a handler, leaves the signal to the former one: after a fault the instruction runs again, and what was sent is
/// sent again. Does only what a handler may.
package func pass(
  _ number: Int32, _ info: UnsafeMutablePointer<siginfo_t>?, to former: UnsafePointer<sigaction>
) {
  sigaction(number, former, nil)
  if let info, info.pointee.si_code <= 0 { raise(number) }
}
