import CKernels

/// The builds of the kernels that this processor can run. Suites run side by side and the choice is the process's, which
/// is no harm: all builds must give the same bits.
enum ISA {
  static let names = ["portable", "avx2", "avx512"].filter { canRun($0) }

  private static func canRun(_ name: String) -> Bool { with(name) {} != nil }

  /// Runs the body with a build and goes back to the one before; nil where the processor cannot run it.
  static func with<T>(_ name: String, _ body: () throws -> T) rethrows -> T? {
    let before = kernel_isa()
    guard kernel_select_isa(name) else { return nil }
    defer { _ = kernel_select_isa(before) }
    return try body()
  }
}
