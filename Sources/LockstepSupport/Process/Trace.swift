/// What the threads of this rank do, recorded while a trace is on; else nothing, for one branch a span. What a name
/// means is known to those who record it.
package enum Trace {
  /// Changed by the main thread only, while no other thread works.
  nonisolated(unsafe) package private(set) static var recorder: TraceRecorder?

  package static func start(_ recorder: TraceRecorder) { self.recorder = recorder }

  /// Ends recording, and returns what was recorded; nil if the trace was off.
  package static func stop() -> TraceRecorder? {
    defer { recorder = nil }
    return recorder
  }

  /// Records the body as a span of the main thread, which must be the caller. Spans nest.
  package static func span<T>(_ name: @autoclosure () -> String, _ body: () throws -> T) rethrows -> T {
    guard let recorder else { return try body() }
    return try recorder.span(name(), body)
  }

  /// Records a team's thread at work, under the name of the main thread's innermost span. The body returns how many
  /// pieces of a job it did.
  static func work(of thread: Int, _ body: () -> Int) -> Int {
    guard let recorder else { return body() }
    return recorder.work(of: thread, body)
  }

  /// The body for a thread of its own, recorded on the row of background work. Called by the main thread.
  package static func background(_ name: String, _ body: @escaping () -> Void) -> () -> Void {
    recorder?.background(name, body) ?? body
  }
}
