import CKernels
import LockstepRanks
import LockstepSupport

/// What one node of a job offers.
package struct NodeDiagnosis: Sendable, Equatable {
  package var host: String
  package var ranks: Int
  /// The threads that a rank takes by default.
  package var threads: Int
  /// Processors that the node has, or fewer by a control group's quota.
  package var processors: Int
  package var instructionSet: String
  /// What a run may take of the memory that ranks share, in bytes.
  package var sharedMemoryRoom: Int

  package init(
    host: String, ranks: Int, threads: Int, processors: Int, instructionSet: String, sharedMemoryRoom: Int
  ) {
    (self.host, self.ranks, self.threads) = (host, ranks, threads)
    (self.processors, self.instructionSet) = (processors, instructionSet)
    self.sharedMemoryRoom = sharedMemoryRoom
  }

  /// This rank's node.
  private init(_ collective: any Collective, threads: Int, sharedMemoryRoom: Int) {
    let quota = CPUQuota.least.map { max(Int($0), 1) } ?? .max
    self.init(
      host: collective.hostName, ranks: collective.nodeSize, threads: threads,
      processors: min(Processors.online, quota), instructionSet: InstructionSet.current,
      sharedMemoryRoom: sharedMemoryRoom)
  }

  /// All nodes, in the order of their first ranks. Collective.
  package static func gather(_ collective: any Collective, threads: Int, sharedMemoryRoom: Int) throws
    -> [NodeDiagnosis]
  {
    let own = NodeDiagnosis(collective, threads: threads, sharedMemoryRoom: sharedMemoryRoom)
    let isa = InstructionSet.names.firstIndex(of: own.instructionSet) ?? 0
    let facts = try [own.ranks, own.threads, own.processors, isa, own.sharedMemoryRoom].map {
      try collective.allGather(UInt64($0)).map { Int($0) }
    }
    let numbers = try collective.allGather(UInt64(collective.nodeRank))
    return try numbers.indices.filter { numbers[$0] == 0 }.map { rank in
      NodeDiagnosis(
        host: try collective.broadcast(collective.hostName, from: rank), ranks: facts[0][rank],
        threads: facts[1][rank], processors: facts[2][rank],
        instructionSet: InstructionSet.names[facts[3][rank]],
        sharedMemoryRoom: facts[4][rank])
    }
  }

  package var description: String {
    "\(ranks) rank\(ranks == 1 ? "" : "s") of \(threads) thread\(threads == 1 ? "" : "s") on \(processors) "
      + "processor\(processors == 1 ? "" : "s"), \(instructionSet)"
  }
}

extension [NodeDiagnosis] {
  /// What holds a run up on these nodes, each with what mends it.
  package var findings: [String] {
    var findings: [String] = []
    for node in self where node.ranks > node.processors {
      findings.append(
        "\(node.host) has \(node.ranks) ranks on \(node.processors) processors, where \(node.processors) would be as "
          + "fast: give it slots=\(node.processors)")
    }
    for node in self where node.ranks * node.threads < node.processors / 2 {
      findings.append(
        "\(node.host) uses \(node.ranks * node.threads) of its \(node.processors) processors: start more ranks there, "
          + "or let mpirun not bind them (--bind-to none)")
    }
    for node in self where node.ranks > 1 && node.sharedMemoryRoom < 64 << 20 {
      findings.append(
        "\(node.host) has \(node.sharedMemoryRoom >> 20) MB for the memory that its ranks share: enlarge /dev/shm, or "
          + "start one rank there and more --threads")
    }
    let builds = Dictionary(grouping: self, by: \.instructionSet)
    if let usual = builds.max(by: { $0.value.count < $1.value.count }), builds.count > 1 {
      for node in self where node.instructionSet != usual.key {
        findings.append(
          "\(node.host) has the kernels for \(node.instructionSet), the others those for \(usual.key): every step "
            + "waits for the slowest, so that it may pay to leave that one out")
      }
    }
    return findings
  }
}
