import LockstepSupport
import LockstepTraining
import PlatformC

/// `checkpoints/` of a run: `step-00000469.safetensors` and the like.
public struct CheckpointDirectory: Sendable {
  /// The directory, which need not exist yet.
  public let path: String

  /// The directory at `path`; nothing is read yet.
  public init(path: String) { self.path = path }

  /// The path of a step's checkpoint.
  public func file(step: Int) -> String {
    let digits = String(step)
    return "\(path)/step-\(String(repeating: "0", count: max(8 - digits.count, 0)))\(digits).safetensors"
  }

  /// The steps that have a file, in ascending order.
  public var steps: [Int] {
    let names = Set(fileNames(in: path))
    return names.compactMap { name in
      guard name.hasPrefix("step-"), name.hasSuffix(".safetensors") else { return nil }
      return Int(name.dropFirst(5).dropLast(12)).flatMap { file(step: $0) == "\(path)/\(name)" ? $0 : nil }
    }.sorted()
  }

  /// The newest usable checkpoint, and why newer ones are not usable.
  public struct Newest {
    /// The usable one; nil for none.
    public var file: (path: String, bytes: [UInt8])?
    /// Why each newer one is not usable.
    public var skipped: [String] = []
    /// The steps of those of them that were read and are damaged.
    public var damaged: [Int] = []
  }

  /// Finds the newest usable checkpoint; none if the directory does not exist. Throws `LockstepError` (data) if the
  /// directory cannot be read.
  public func newest() throws -> Newest {
    do {
      closedir(try systemPointer { opendir(path) })
    } catch let error as SystemError {
      if error.code == ENOENT {
        guard let target = linkTarget(of: path) else { return Newest() }
        throw LockstepError(
          .data, path, expected: "a directory", found: "a symbolic link to '\(target)', which is not there",
          fix: "Is it mounted? Mount it; or remove the link to start from the beginning")
      }
      throw LockstepError(
        .data, path, expected: "a directory that can be read", found: error.description,
        fix: "Make it one, or choose another --output")
    }
    var result = Newest()
    var steps = steps
    while let step = steps.popLast() {
      var bytes: [UInt8]?
      do {
        bytes = try readFile(file(step: step), limit: 1 << 36, kind: .data)
        try check(bytes!, step: step)
        result.file = (file(step: step), bytes!)
        return result
      } catch {
        let now = self.steps
        if now.contains(step) {
          result.skipped.append("\(error)")
          if let bytes, !Checkpoint.isSound(bytes) { result.damaged.append(step) }
        } else {
          // Another process, which is training there, has replaced it by newer ones.
          (steps, result) = (now, Newest())
        }
      }
    }
    return result
  }

  private func check(_ bytes: [UInt8], step: Int) throws {
    let found = try Checkpoint(bytes: bytes, path: file(step: step)).state.step
    guard found == step else {
      throw LockstepError(
        .data, file(step: step), expected: "the checkpoint of step \(step)", found: "of step \(found)")
    }
  }

  /// Throws `LockstepError` (data) if a directory has the name of a checkpoint, which could not replace it.
  func requireFiles() throws {
    for step in steps where isDirectory(file(step: step)) {
      throw LockstepError(
        .data, file(step: step), expected: "a file",
        found: "a directory, where a checkpoint is to be written",
        fix: "Remove it, or give it another name")
    }
  }

  /// Writes a checkpoint durably, then removes all but the newest `keep` up to it and those of steps that `spares`
  /// names. Checkpoints of later steps, from an
  /// abandoned continuation of the run, are removed only if they are `damaged`: a sound one may be the only one left.
  ///
  /// Throws `LockstepError`: usage for a negative step or a `keep` below 1, failure if the file cannot be written.
  public func write(
    _ bytes: [UInt8], step: Int, keep: Int, damaged: [Int] = [],
    spares: (_ step: Int) -> Bool = { _ in false }
  ) throws {
    for (name, value, least) in [("step", step, 0), ("keep", keep, 1)] where value < least {
      throw LockstepError(.usage, name, expected: "a number from \(least)", found: "\(value)")
    }
    try createDirectories(path)
    try replaceFile(file(step: step), with: bytes)
    let steps = steps
    let old = steps.filter { $0 <= step }.dropLast(keep).filter { !spares($0) }
    for step in old + steps.filter({ $0 > step && damaged.contains($0) }) {
      try? FileOperation.remove(file(step: step))
    }
  }
}
