#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `checkpoints/` of a run: `step-00000469.safetensors` and the like.
public struct CheckpointDirectory: Sendable {
  public let path: String

  public init(path: String) { self.path = path }

  public func file(step: Int) -> String {
    let digits = String(step)
    return "\(path)/step-\(String(repeating: "0", count: max(8 - digits.count, 0)))\(digits).safetensors"
  }

  /// The steps of which there is a file, in ascending order.
  public var steps: [Int] {
    let names = Set(fileNames(in: path))
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".safetensors") else { return nil }
      return Int(name.dropFirst(5).dropLast(12)).flatMap { file(step: $0) == "\(path)/\(name)" ? $0 : nil }
    }.sorted()
  }

  /// The newest checkpoint that verifies, as its file's bytes, and why newer ones did not.
  ///
  /// Throws `LockstepError` (data) where there may be some that cannot be seen.
  public func newest() throws -> (file: (path: String, bytes: [UInt8])?, skipped: [String]) {
    guard let stream = opendir(path) else {
      if errno == ENOENT { return (nil, []) }
      throw LockstepError(
        .data, path, expected: "a directory that can be read", found: lastSystemError,
        fix: "Make it one, or choose another --output")
    }
    closedir(stream)
    var skipped: [String] = []
    for step in steps.reversed() {
      let path = file(step: step)
      do {
        let bytes = try readFile(path, limit: 1 << 36, kind: .data)
        let found = try Checkpoint(bytes: bytes, path: path).state.step
        guard found == step else {
          throw LockstepError(
            .data, path, expected: "the checkpoint of step \(step)", found: "of step \(found)")
        }
        return ((path, bytes), skipped)
      } catch {
        skipped.append("\(error)")
      }
    }
    return (nil, skipped)
  }

  /// Writes a checkpoint durably, and then removes all but the newest `keep`. Those of later steps go as well: they belong
  /// to a part of the run that was given up, because they were damaged.
  public func write(_ bytes: [UInt8], step: Int, keep: Int) throws {
    try createDirectories(path)
    try replaceFile(file(step: step), with: bytes)
    let steps = steps
    let kept = steps.filter { $0 <= step }.suffix(keep)
    for old in steps where !kept.contains(old) { _ = FileOperation.remove(file(step: old)) }
  }
}
