import CKernels
import Foundation
import LockstepCore

/// The builds of the kernels that this processor can run.
enum ISA {
  static let names = InstructionSet.names.filter(InstructionSet.has)

  /// The choice is global to the process, so one test at a time makes it. Other tests' results must not change.
  private static let lock = NSRecursiveLock()

  /// Runs the body with a build, then restores the one before; nil if the processor does not support it.
  static func with<T>(_ name: String, _ body: () throws -> T) rethrows -> T? {
    lock.lock()
    defer { lock.unlock() }
    let before = kernel_isa()
    guard kernel_select_isa(name) else { return nil }
    defer { _ = kernel_select_isa(before) }
    return try body()
  }
}
