import LockstepCore

/// The dataset of a run: what the flag names; else, where the run goes on, what it was trained on; else what a start takes.
/// Collective.
///
/// What a run goes on with is never another dataset than its own, nor one that is drawn because its own is missing.
func loadData(
  _ flag: String?, of former: FormerRun?, at path: String?, _ collective: any Collective, _ team: ThreadTeam
) throws -> (DataSource, Dataset) {
  let start = DataSource.resolve(flag: flag)
  guard flag == nil, let former, former.data != nil || former.checkpoint != nil else {
    return (start, try loadDataset(start, collective, team))
  }
  let digest = former.checkpoint?.datasetDigest
  var candidates = former.data.map { [$0] } ?? []
  // Only a digest can tell whether it is the same.
  if digest != nil, case .directory = start, !candidates.contains(start) { candidates.append(start) }
  var reasons: [String] = []
  for source in candidates {
    do {
      let dataset = try loadDataset(source, collective, team)
      guard let digest, dataset.checksum != digest else {
        if let reason = reasons.first, collective.rank == 0 {
          warn("going on with \(dataset.name), the same data: \(reason)")
        }
        return (source, dataset)
      }
      reasons.append("\(dataset.name) of digest \(dataset.checksum.hexadecimal)")
    } catch let error as AgreedError where error.exitStatus == LockstepError.Kind.data.rawValue {
      reasons.append(error.message)
    }
  }
  return try collective.together {
    throw LockstepError(
      .data, path ?? "the run",
      expected: former.data.map {
        "its dataset, \($0.name)" + (digest.map { ", of digest \($0.hexadecimal)" } ?? "")
      }
        ?? "its dataset, of digest \(digest?.hexadecimal ?? "")",
      found: reasons.isEmpty ? "no note of where it is" : reasons.joined(separator: "; "),
      fix: "Give the directory that it is in by --data")
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
