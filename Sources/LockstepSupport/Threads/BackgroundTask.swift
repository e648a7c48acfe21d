import PlatformC
import Synchronization

/// Work on its own thread, which must be joined with `wait`.
package final class BackgroundTask {
  private final class Work {
    let body: () -> Void
    let isDone = Atomic<Bool>(false)
    init(_ body: @escaping () -> Void) { self.body = body }
  }

  private let work: Work
  #if canImport(Glibc)
    private var thread = pthread_t()
  #else
    private var thread: pthread_t!
  #endif
  private let hasThread: Bool

  /// Runs the work synchronously if the system grants no thread.
  package init(_ body: @escaping () -> Void) {
    work = Work(body)
    let argument = Unmanaged.passRetained(work)
    hasThread = pthread_create(&thread, nil, Self.main, argument.toOpaque()) == 0
    if !hasThread { Self.run(argument.takeRetainedValue()) }
  }

  package var isDone: Bool { work.isDone.load(ordering: .acquiring) }

  /// Returns when the work is done. Call it once.
  package func wait() { if hasThread { pthread_join(thread, nil) } }

  private static func run(_ work: Work) {
    work.body()
    work.isDone.store(true, ordering: .releasing)
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
    run(Unmanaged<Work>.fromOpaque($0!).takeRetainedValue())
    return nil
  }
}
