import CKernels
import Foundation
import LockstepCore

/// The builds of the kernels that this processor can run.
enum ISA {
  static let names = InstructionSet.names.filter(InstructionSet.has)

  /// The choice is the process's: one test at a time makes it. What other tests compute meanwhile must not change.
  private static let lock = NSRecursiveLock()

  /// Runs the body with a build and goes back to the one before; nil where the processor cannot run it.
  static func with<T>(_ name: String, _ body: () throws -> T) rethrows -> T? {
    lock.lock()
    defer { lock.unlock() }
    let before = kernel_isa()
    guard kernel_select_isa(name) else { return nil }
    defer { _ = kernel_select_isa(before) }
    return try body()
  }
}
