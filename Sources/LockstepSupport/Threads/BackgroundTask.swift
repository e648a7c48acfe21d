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

  /// Runs the work on a thread of its own with such a stack, which nobody waits for. Returns false if the system grants
  /// no thread.
  package static func detach(stackSize: Int, _ body: @escaping () -> Void) -> Bool {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, stackSize)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    #if canImport(Glibc)
      var thread = pthread_t()
    #else
      var thread: pthread_t!
    #endif
    let argument = Unmanaged.passRetained(Work(body))
    let isStarted = pthread_create(&thread, &attributes, main, argument.toOpaque()) == 0
    if !isStarted { argument.release() }
    return isStarted
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
