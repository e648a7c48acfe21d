import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport

/// The dataset of a run: the one that the flag names; else, for a resumed run, its own; else `DataSource.resolve`.
/// Collective.
///
/// A run never resumes with another dataset than its own, nor with drawn digits because its own is missing.
func loadData(
  _ flag: String?, for purpose: Dataset.Purpose, of former: FormerRun?, at path: String?,
  _ collective: any Collective, _ team: ThreadTeam, _ listener: RunListener
) throws -> (DataSource, Dataset) {
  // Rank 0's flag decides for all.
  let isGiven = try collective.broadcast([flag == nil ? 0 : 1], from: 0) == [1]
  guard !isGiven, let former, former.data != nil || former.checkpoint != nil else {
    let source = try DataSource.resolve(flag: flag, collective: collective)
    let dataset = try loadDataset(source, for: purpose, collective, team, tell: listener.tell)
    return (dataset.source(requested: source), dataset)
  }
  let digest = former.checkpoint?.datasetDigest
  var reasons: [String] = []
  /// nil if it cannot be loaded or is another dataset.
  func attempt(_ source: () throws -> DataSource) throws -> (DataSource, Dataset)? {
    do {
      let source = try source()
      // Digits are drawn only for a run that was trained on them.
      if case .synthetic = source, source != former.data { return nil }
      let dataset = try loadDataset(source, for: purpose, collective, team, tell: listener.tell)
      guard let digest, dataset.checksum != digest else {
        return (dataset.source(requested: source), dataset)
      }
      reasons.append("\(dataset.name) of digest \(dataset.checksum.hexadecimal)")
    } catch let error as AgreedError where error.exitStatus == LockstepError.Kind.data.rawValue {
      reasons.append(error.message.withoutAdvice)
    }
    return nil
  }
  if let own = former.data, let found = try attempt({ own }) { return found }
  // Only with a digest can the default data be checked to be the same.
  if digest != nil,
    let found = try attempt({ try DataSource.resolve(flag: flag, collective: collective) })
  {
    if let reason = reasons.first, collective.rank == 0 {
      listener.warn("going on with \(found.1.name), the same data: \(reason)")
    }
    return found
  }
  return try collective.together {
    throw LockstepError(
      .data, path ?? "the run",
      expected: former.data.map {
        "its dataset, \($0.name)" + (digest.map { ", of digest \($0.hexadecimal)" } ?? "")
      }
        ?? "its dataset, of digest \(digest?.hexadecimal ?? "")",
      found: reasons.isEmpty ? "no note of where it is" : reasons.joined(separator: "; "),
      fix: purpose == .evaluation
        ? "Give a directory with test files of the same kind by --data"
        : "Give the directory that it is in by --data")
  }
}

extension DataSource {
  var name: String {
    switch self {
    case .directory(let path): path
    case .synthetic: "synthesized digits"
    }
  }
}

extension Dataset {
  /// Where it was found, which may be a folder below the requested one.
  fileprivate func source(requested source: DataSource) -> DataSource {
    if case .directory = source { return .directory(name) }
    return source
  }
}

extension String {
  /// The message without the fix at its end: "subject: expected E, found F".
  fileprivate var withoutAdvice: String {
    guard let found = firstRange(of: ", found "), let end = self[found.upperBound...].firstRange(of: ". ")
    else {
      return self
    }
    return String(self[..<end.lowerBound])
  }
}
