import LockstepData
import LockstepSupport

/// Where a run's data is, stored in `checkpoints/dataset.json` for resuming. It is not in the checkpoints, which are
/// the same wherever the data is.
package enum DataRecord {
  private struct Content: Decodable {
    var directory: String?
    /// The numbers of training and test digits.
    var synthesized: [JSONInteger]?
  }

  static func path(in checkpoints: CheckpointDirectory) -> String { "\(checkpoints.path)/dataset.json" }

  /// A directory is stored by its resolved path: the run may resume from another working directory, or after links on
  /// the way are gone.
  package static func encode(_ source: DataSource) -> [UInt8] {
    guard case .directory(let path) = source else { return text(source) }
    return text(.directory(realPath(path)))
  }

  static func text(_ source: DataSource) -> [UInt8] {
    switch source {
    case .directory(let path): Array("{\"directory\":\(jsonString(path))}\n".utf8)
    case .synthetic(let train, let test): Array("{\"synthesized\":[\(train),\(test)]}\n".utf8)
    }
  }

  /// The source that a run's metrics give this name.
  static func source(named name: String) -> DataSource {
    name == "synthesized digits" ? .synthetic(train: 60_000, test: 10_000) : .directory(name)
  }

  /// nil if the bytes are malformed.
  package static func decode(_ bytes: [UInt8]) -> DataSource? {
    guard bytes.count < 1 << 14, let content = try? decodeJSON(Content.self, from: bytes)
    else { return nil }
    if let directory = content.directory, !directory.isEmpty { return .directory(directory) }
    guard let counts = content.synthesized?.map(\.value), counts.count == 2,
      counts.allSatisfy({ 1...1 << 30 ~= $0 })
    else {
      return nil
    }
    return .synthetic(train: counts[0], test: counts[1])
  }
}
