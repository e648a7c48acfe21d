import LockstepNetwork
import LockstepSupport

extension Trainer {
  /// The digest of the parameters, which must be the same on all ranks, as their average must. Collective.
  ///
  /// Throws if it is not, naming the ranks that differ from the majority and their tensors. Ranks that share their
  /// parameters have one vote and are named by the first of them.
  func checkedDigest() throws -> UInt64 {
    try Activity.during(.comparingReplicas) { try Trace.span("compare replicas") { try agreedDigest() } }
  }

  private func agreedDigest() throws -> UInt64 {
    if let averagedParameters { _ = try agreedDigest(of: averagedParameters, prefix: Self.averagePrefix) }
    return try agreedDigest(of: parameters)
  }

  private func agreedDigest(of parameters: Parameters, prefix: String = "") throws -> UInt64 {
    let digests = try collective.allGather(parameters.digest)
    if digests.contains(where: { $0 != digests[0] }) { try refuse(parameters, prefix, digests) }
    return digests[0]
  }

  private func refuse(_ parameters: Parameters, _ prefix: String, _ digests: [UInt64]) throws {
    let holdsReplica = try collective.allGather(replicas.fillsParameters ? 1 : 0)
    let replicas = digests.indices.filter { holdsReplica[$0] == 1 }
    let odd = Self.minority(of: replicas.map { digests[$0] }).map { replicas[$0] }
    // The tensors in which the first odd replica differs from the first other one.
    let usual = replicas.first { !odd.contains($0) } ?? 0
    let tensors = try network.savedTensors.filter {
      let digests = try collective.allGather(parameters.digest(of: $0))
      return digests[odd[0]] != digests[usual]
    }.map { prefix + $0.name }
    let hosts = try collective.hostNames()
    let isTied = 2 * odd.count >= replicas.count
    try collective.together {
      throw LockstepError(
        .failure, "rank \(odd[0]) on \(hosts[odd[0]])",
        found: "\(tensors.joined(separator: ", ")) differs after step \(state.step) from rank \(usual) on "
          + "\(hosts[usual])" + (isTied ? ", of which either may be wrong" : "")
          + (odd.count > 1
            ? ", and so do ranks \(odd.dropFirst().map(String.init).joined(separator: ", "))" : ""),
        fix:
          "A bit in memory has flipped, or the nodes run different builds: check that, then go on with --resume"
          + " from a checkpoint before this step")
    }
  }

  /// The indices of the values that differ from the most frequent one, the first of several.
  static func minority(of values: [UInt64]) -> [Int] {
    let votes = Dictionary(grouping: values) { $0 }.mapValues(\.count)
    let most = votes.values.max()
    let usual = values.first { votes[$0] == most }
    return values.indices.filter { values[$0] != usual }
  }
}
