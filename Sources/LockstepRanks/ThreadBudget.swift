import LockstepSupport

/// The default number of threads of a rank: the processors that it may run on, divided among the ranks of its node that
/// may use them too; at most its share of a control group's quota, and what Slurm allots to a task.
public enum ThreadBudget {
  /// This rank's share. Collective.
  public static func share(_ collective: any Collective) throws -> Int {
    let share = try min(
      share(of: Processors.allowed, collective), shareOfQuotas(CPUQuota.current, collective))
    return min(share, Processors.ofTask ?? .max)
  }

  /// Collective.
  private static func share(of mine: Set<Int>, _ collective: any Collective) throws -> Int {
    // The mask in words of 64, gathered from all ranks.
    let words = try collective.allGather(UInt64((mine.max() ?? 0) / 64 + 1)).max() ?? 1
    var masks = [Set<Int>](repeating: [], count: collective.size)
    for word in 0..<Int(words) {
      let bits = mine.reduce(UInt64(0)) { $1 / 64 == word ? $0 | 1 << UInt64($1 % 64) : $0 }
      for (rank, mask) in try collective.allGather(bits).enumerated() {
        for bit in 0..<64 where mask >> UInt64(bit) & 1 == 1 { masks[rank].insert(word * 64 + bit) }
      }
    }
    return share(of: mine, among: collective.nodeRanks.map { masks[$0] })
  }

  /// The smallest share of a quota, `Int.max` without one. Ranks of a node in the same control group share its quota.
  /// Collective.
  package static func shareOfQuotas(_ mine: [CPUQuota], _ collective: any Collective) throws -> Int {
    let most = Int(try collective.allGather(UInt64(mine.count)).max() ?? 0)
    var ranksOfGroup: [UInt64: Int] = [:]
    for index in 0..<most {
      let isOwn = try collective.allGather(index < mine.count ? 1 : 0)
      let groups = try collective.allGather(index < mine.count ? mine[index].group : 0)
      for rank in collective.nodeRanks where isOwn[rank] == 1 {
        ranksOfGroup[groups[rank], default: 0] += 1
      }
    }
    let parts = mine.map { $0.processors / Double(max(ranksOfGroup[$0.group] ?? 1, 1)) }
    return parts.min().map { max(1, Int(min($0, 1e6) + 1e-6)) } ?? .max
  }

  /// Each processor counts as 1 over the number of ranks that may use it; the result is at least one thread.
  package static func share(of mine: Set<Int>, among masks: [Set<Int>]) -> Int {
    let share = mine.reduce(0.0) { sum, processor in
      sum + 1 / Double(max(masks.count { $0.contains(processor) }, 1))
    }
    return max(1, Int(share + 1e-6))
  }
}
