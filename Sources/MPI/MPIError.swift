import CMPI

/// A failed call into MPI.
public struct MPIError: Error, CustomStringConvertible, Sendable {
  /// The MPI function.
  public let function: String
  /// The library's text for its error code.
  public let text: String

  public var description: String { "\(function): \(text)" }
}

/// The one place where return codes of MPI are checked.
func check(_ code: Int32, _ function: String) throws(MPIError) {
  guard code != 0 else { return }
  throw MPIError(function: function, text: text(capacity: cmpi_max_text()) { cmpi_error_text(code, $0) })
}

/// A text that a C function writes.
func text(capacity: Int32, _ write: (UnsafeMutablePointer<CChar>) -> Int32) -> String {
  withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(capacity)) { buffer in
    buffer.initialize(repeating: 0)
    guard write(buffer.baseAddress!) == 0 else { return "unknown error" }
    return String(cString: buffer.baseAddress!)
  }
}
