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
  /// Its network interfaces, "eth0 10.0.0.1".
  package var interfaces: [String]
  /// Whether MPI has been told which of them to use.
  package var interfacesAreChosen: Bool

  package init(
    host: String, ranks: Int, threads: Int, processors: Int, instructionSet: String, sharedMemoryRoom: Int,
    interfaces: [String] = [], interfacesAreChosen: Bool = false
  ) {
    (self.interfaces, self.interfacesAreChosen) = (interfaces, interfacesAreChosen)
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
      sharedMemoryRoom: sharedMemoryRoom, interfaces: Interfaces.current,
      interfacesAreChosen: Interfaces.areChosen)
  }

  /// All nodes, in the order of their first ranks. Collective.
  package static func gather(_ collective: any Collective, threads: Int, sharedMemoryRoom: Int) throws
    -> [NodeDiagnosis]
  {
    let own = NodeDiagnosis(collective, threads: threads, sharedMemoryRoom: sharedMemoryRoom)
    let isa = InstructionSet.names.firstIndex(of: own.instructionSet) ?? 0
    let isChosen = own.interfacesAreChosen ? 1 : 0
    let facts = try [own.ranks, own.threads, own.processors, isa, own.sharedMemoryRoom, isChosen].map {
      try collective.allGather(UInt64($0)).map { Int($0) }
    }
    let numbers = try collective.allGather(UInt64(collective.nodeRank))
    return try numbers.indices.filter { numbers[$0] == 0 }.map { rank in
      NodeDiagnosis(
        host: try collective.broadcast(collective.hostName, from: rank), ranks: facts[0][rank],
        threads: facts[1][rank], processors: facts[2][rank],
        instructionSet: InstructionSet.names[facts[3][rank]],
        sharedMemoryRoom: facts[4][rank],
        interfaces: try collective.broadcast(own.interfaces.joined(separator: "\n"), from: rank)
          .split(separator: "\n").map(String.init),
        interfacesAreChosen: facts[5][rank] == 1)
    }
  }

  package var description: String {
    "\(ranks) rank\(ranks == 1 ? "" : "s") of \(threads) thread\(threads == 1 ? "" : "s") on \(processors) "
      + "processor\(processors == 1 ? "" : "s"), \(instructionSet)"
      + (interfaces.isEmpty ? "" : "; " + interfaces.joined(separator: ", "))
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
    for node in self where count > 1 && !node.interfacesAreChosen {
      let bridges = node.interfaces.filter(Interfaces.isBridge)
      guard !bridges.isEmpty else { continue }
      findings.append(
        "\(node.host) has \(bridges.joined(separator: ", ")), over which MPI may try to reach the others and wait for "
          + "ever: start with HOSTFILE=... scripts/train, or name the network by --mca btl_tcp_if_include")
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
