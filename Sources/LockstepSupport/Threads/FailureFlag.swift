import Synchronization

/// A flag that any thread may raise.
package final class FailureFlag: Sendable {
  private let raised = Atomic<Bool>(false)

  package init() {}

  package func raise() { raised.store(true, ordering: .relaxed) }
  package var isRaised: Bool { raised.load(ordering: .acquiring) }
}
