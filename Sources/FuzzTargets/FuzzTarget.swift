import LockstepCore

/// A reader of untrusted bytes, with the invariants that must hold for any input. libFuzzer drives it for any length of
/// time (`scripts/fuzz`), a test for a bounded number of inputs.
package struct FuzzTarget: Sendable {
  /// Also the name of its directory in `Fuzz/corpus`.
  package let name: String
  /// Words of the format that are worth inserting.
  package let dictionary: [[UInt8]]
  /// The longest input worth trying, in bytes.
  package let longestInput: Int
  /// The largest single allocation while reading, in MiB: the most that the format may promise about the longest input.
  package let largestAllocation: Int
  /// Reads the bytes and checks the invariants of accepted ones. Refuses bad ones with a LockstepError.
  let read: @Sendable ([UInt8]) throws -> Void

  package static let all = [
    idx, labels, images, gzip, safetensors, model, recipe, metrics, receipt, grid, sweep, png, jpeg, npy, npz,
    csv,
  ]

  /// Whether the bytes are accepted.
  ///
  /// - Throws: BrokenInvariant if the reader is at fault, whatever the bytes.
  package func accepts(_ bytes: [UInt8]) throws -> Bool {
    do {
      try read(bytes)
      return true
    } catch let error as LockstepError {
      try require(error.kind == .data || error.kind == .usage, "a bad input is no \(error.kind): \(error)")
      try require(error.description.utf8.count < 8192, "a message of \(error.description.utf8.count) bytes")
      try require(
        !error.description.utf8.contains { $0 < 0x20 && !"\n\t".utf8.contains($0) },
        "control characters in a message")
      return false
    }
  }
}

/// A finding: the reader did what it must not do for any input.
package struct BrokenInvariant: Error, CustomStringConvertible {
  package let description: String
}

func require(_ condition: Bool, _ complaint: @autoclosure () -> String) throws {
  guard condition else { throw BrokenInvariant(description: complaint()) }
}

/// Runs a body that must succeed because an earlier step did: its error is a finding, not a refusal.
func mustSucceed<T>(_ what: String, _ body: () throws -> T) throws -> T {
  do { return try body() } catch { throw BrokenInvariant(description: "\(what): \(error)") }
}

func tokens(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
