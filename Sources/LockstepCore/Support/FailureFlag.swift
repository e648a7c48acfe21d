import Synchronization

/// A flag that any thread may raise.
final class FailureFlag: Sendable {
  private let raised = Atomic<Bool>(false)

  func raise() { raised.store(true, ordering: .relaxed) }
  var isRaised: Bool { raised.load(ordering: .acquiring) }
}
