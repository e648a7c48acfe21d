#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run directory tells of the run in it, as far as there is one.
public struct FormerRun: Sendable {
  /// `config.yaml`; empty where there is none.
  public var config: [UInt8]
  /// The directory that it was trained on, where that still exists.
  public var dataset: String?

  /// Reads `path` on rank 0. Collective: all ranks get what it reads, or throw what it throws.
  public init(at path: String, collective: any Collective) throws {
    let (config, dataset) = try collective.together { () -> ([UInt8], String) in
      guard collective.rank == 0, access("\(path)/config.yaml", F_OK) == 0 else { return ([], "") }
      let log = (try? readFile("\(path)/metrics.jsonl", limit: 1 << 34, kind: .failure)) ?? []
      let name = MetricsLog.dataset(ofLog: log) ?? ""
      return (
        try readFile("\(path)/config.yaml", limit: 1 << 20, kind: .data), isDirectory(name) ? name : ""
      )
    }
    self.config = try collective.broadcast(config, from: 0)
    let name = String(decoding: try collective.broadcast(Array(dataset.utf8), from: 0), as: UTF8.self)
    self.dataset = name.isEmpty ? nil : name
  }
}

extension CheckpointDirectory {
  /// The newest checkpoint that verifies, read by rank 0, on all ranks. Collective.
  ///
  /// `tell` is called on rank 0 for each newer one that does not, with the reason. Throws `LockstepError` (data) where there
  /// are some and none does: a run that starts over would remove them, and nobody may have meant it to.
  public func newest(collective: any Collective, tell: (String) -> Void) throws -> (Checkpoint, path: String)?
  {
    let found = try collective.together { () -> (path: String, bytes: [UInt8])? in
      guard collective.rank == 0 else { return nil }
      let found = try newest()
      for reason in found.skipped { tell(reason) }
      if found.file == nil, !found.skipped.isEmpty {
        throw LockstepError(
          .data, self.path, expected: "a checkpoint to go on from",
          found: found.skipped.count == 1
            ? "one that cannot be read" : "\(found.skipped.count) that cannot be read",
          fix: "Restore one; or remove them to start from the beginning, or choose another --output")
      }
      return found.file
    }
    let path = String(
      decoding: try collective.broadcast(Array((found?.path ?? "").utf8), from: 0), as: UTF8.self)
    guard !path.isEmpty else { return nil }
    let bytes = try collective.broadcast(found?.bytes ?? [], from: 0)
    return try collective.together { (try Checkpoint(bytes: bytes, path: path), path) }
  }
}
