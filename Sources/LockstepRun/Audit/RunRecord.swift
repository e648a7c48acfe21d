import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining
import PlatformC

/// What is recorded of a run: its receipt, or of one that has not ended what its log and its checkpoints have.
struct RunRecord {
  let receipt: Receipt
  /// Whether the run has ended.
  let isWhole: Bool

  /// Read by rank 0 for all. Collective.
  ///
  /// Throws `AgreedError` (data) for a directory that has no record.
  init(of path: String, _ collective: any Collective) throws {
    let file = "\(path)/\(Receipt.fileName)"
    let own = try collective.together { () -> (json: [UInt8], isWhole: Bool) in
      guard collective.rank == 0 else { return ([], false) }
      if access(file, F_OK) == 0 { return (try readFile(file, limit: 1 << 30, kind: .data), true) }
      return (try Self.unfinished(path).json, false)
    }
    let bytes = try collective.broadcast([own.isWhole ? 1 : 0] + own.json, from: 0)
    isWhole = bytes[0] == 1
    receipt = try collective.together { try Receipt(json: Array(bytes.dropFirst()), path: file) }
  }

  private static func unfinished(_ path: String) throws -> Receipt {
    let history = try RunHistory(directory: path, hasSteps: false)
    let yaml = try readFile("\(path)/config.yaml", limit: 1 << 14, kind: .data)
    let newest = try CheckpointDirectory(path: path + "/checkpoints").newest().file
    let digest = try newest.map { try Checkpoint(bytes: $0.bytes, path: $0.path).datasetDigest }
    return Receipt(
      unfinished: history, recipe: String(decoding: yaml, as: UTF8.self), datasetDigest: digest ?? 0)
  }
}
