import LockstepRanks
import LockstepSupport

/// Where the time of an epoch's steps went, over all ranks; in seconds.
public struct RankTimes: Sendable {
  /// Outside collective calls, of the quickest and of the slowest rank.
  public var compute: ClosedRange<Double>
  /// In collective calls, beyond `communication`: what a rank waits for slower ones.
  public var wait: ClosedRange<Double>
  /// In collective calls of the rank that spends least in them, because the others arrive before it.
  public var communication: Double
  /// The rank that takes longest for a sample, and its host.
  public var slowestRank: Int
  public var slowestHost: String
  /// What a user should do about that rank, if it is far behind.
  public var advice: String?
}

/// How long the steps of an epoch took this rank.
struct StepTime {
  var seconds = 0.0
  /// The part of these spent in collective calls.
  var inCalls = 0.0
  /// All ranks' samples, and this rank's.
  var samples = 0
  var ownSamples = 0
}

extension Trainer {
  /// nil in a single process. Collective.
  func rankTimes() throws -> RankTimes? {
    guard collective.size > 1 else { return nil }
    func gather(_ value: Double) throws -> [Double] {
      try collective.allGather(value.bitPattern).map { Double(bitPattern: $0) }
    }
    let compute = try gather(max(stepTime.seconds - stepTime.inCalls, 0))
    let inCalls = try gather(stepTime.inCalls)
    let paces = try gather(compute[collective.rank] / Double(max(stepTime.ownSamples, 1)))
    let samples = try collective.allGather(UInt64(stepTime.ownSamples))
    let build = InstructionSet.names.firstIndex(of: InstructionSet.current) ?? 0
    let builds = try collective.allGather(UInt64(build))
    // A rank without samples cannot be slow. All ranks choose alike, because all have the same values.
    let ranks = compute.indices.filter { samples[$0] > 0 }
    let slowest = ranks.max { paces[$0] < paces[$1] } ?? 0
    let quickest = ranks.min { paces[$0] < paces[$1] } ?? 0
    let hosts = try [slowest, quickest].map { try collective.broadcast(collective.hostName, from: $0) }
    let communication = inCalls.min()!
    var times = RankTimes(
      compute: compute.min()!...compute.max()!, wait: 0...inCalls.max()! - communication,
      communication: communication, slowestRank: slowest, slowestHost: hosts[0])
    let factor = paces[slowest] / paces[quickest]
    if factor >= 3, compute[slowest] - compute[quickest] > 1 {
      let kernels = [slowest, quickest].map { InstructionSet.names[Int(builds[$0])] }
      times.advice =
        "rank \(slowest) on \(hosts[0]) takes \(fixed(factor, 1)) times as long for a sample as rank \(quickest) on "
        + hosts[1] + (kernels[0] == kernels[1] ? "" : " (kernels: \(kernels[0]), and \(kernels[1]) there)")
        + ", and every step waits for it: see what else runs on \(hosts[0]), or leave it out"
    }
    return times
  }
}
