import LockstepCore

/// A reader of bytes that may come from anyone, with what must hold whatever they are. libFuzzer drives it for as long
/// as one likes (`scripts/fuzz`), a test for a bounded number of inputs.
public struct FuzzTarget: Sendable {
  /// Also the name of its directory in `Fuzz/corpus`.
  public let name: String
  /// Words of the format that are worth inserting.
  public let dictionary: [[UInt8]]
  /// The longest input worth trying, in bytes.
  public let longestInput: Int
  /// The most that reading one may allocate at once, in MiB: what the format may promise about the longest input.
  public let largestAllocation: Int
  /// Reads the bytes and checks what follows from their being accepted. Refuses them with a LockstepError.
  let read: @Sendable ([UInt8]) throws -> Void

  public static let all = [idx, labels, images, gzip, safetensors, model, recipe, metrics]

  /// Whether the bytes are accepted.
  ///
  /// - Throws: BrokenInvariant where the reader is at fault, whatever the bytes.
  public func accepts(_ bytes: [UInt8]) throws -> Bool {
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
public struct BrokenInvariant: Error, CustomStringConvertible {
  public let description: String
}

func require(_ condition: Bool, _ complaint: @autoclosure () -> String) throws {
  guard condition else { throw BrokenInvariant(description: complaint()) }
}

/// What must succeed because of what succeeded before: an error of `body` is no refusal but a finding.
func mustSucceed<T>(_ what: String, _ body: () throws -> T) throws -> T {
  do { return try body() } catch { throw BrokenInvariant(description: "\(what): \(error)") }
}

func tokens(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
