import LockstepCore
import Testing

@Suite struct NodeDiagnosisTests {
  let usual = NodeDiagnosis(
    host: "n1", ranks: 4, threads: 2, processors: 8, instructionSet: "avx512", sharedMemoryRoom: 1 << 32)

  private func findings(_ change: (inout NodeDiagnosis) -> Void) -> [String] {
    var other = usual
    other.host = "n2"
    change(&other)
    return [usual, other, usual].findings
  }

  @Test func namesWhatHoldsARunUp() {
    #expect(findings { _ in } == [])
    let shared = findings { $0.ranks = 16 }
    #expect(shared.count == 1 && shared[0].hasPrefix("n2 has 16 ranks on 8 processors"), "\(shared)")
    #expect(shared.first?.hasSuffix("slots=8") == true)
    #expect(findings { ($0.ranks, $0.threads) = (1, 2) }.first?.hasPrefix("n2 uses 2 of its 8") == true)
    #expect(findings { $0.sharedMemoryRoom = 1 << 20 }.first?.contains("1 MB for the memory") == true)
    // A rank alone shares nothing.
    #expect(findings { ($0.ranks, $0.threads, $0.sharedMemoryRoom) = (1, 8, 0) } == [])
    // Bridges hang MPI where nobody has chosen the network, and only between nodes.
    let bridge = findings { $0.interfaces = ["docker0 172.17.0.1", "eth0 10.0.0.2"] }
    #expect(bridge.count == 1 && bridge[0].hasPrefix("n2 has docker0 172.17.0.1, over which"), "\(bridge)")
    #expect(findings { ($0.interfaces, $0.interfacesAreChosen) = (["docker0 172.17.0.1"], true) } == [])
    #expect(findings { $0.interfaces = ["eth0 10.0.0.2"] } == [])
    let slow = findings { $0.instructionSet = "portable" }
    #expect(slow.count == 1 && slow[0].hasPrefix("n2 has the kernels for portable"), "\(slow)")
  }

  /// Ranks as threads: every node is named once, by its first rank.
  @Test func gathersEveryNodeOnce() throws {
    let results = ThreadedCollective.run(nodes: [0, 1, 0, 1, 2]) {
      try NodeDiagnosis.gather($0, threads: $0.nodeSize, sharedMemoryRoom: 1 << 30)
    }
    for result in results {
      let nodes = try result.get()
      #expect(nodes.map(\.ranks) == [2, 2, 1] && nodes.map(\.threads) == [2, 2, 1])
    }
  }

  @Test(arguments: [[0], [0, 0], [0, 1], [0, 1, 1, 2]]) func measuresTheNetworkOfSeveralNodes(nodes: [Int])
    throws
  {
    for result in ThreadedCollective.run(nodes: nodes, { try NetworkSpeed.measure($0) }) {
      let network = try result.get()
      #expect(network?.nodes == (Set(nodes).count == 1 ? nil : Set(nodes).count))
    }
  }

  @Test func aRingSendsItsShareOfTheBytes() {
    let network = NetworkSpeed(nodes: 3, latency: 0.001, exchange: 0.001 + 4.0 / 3)
    #expect(abs(network.bytesPerSecond - 1_048_576) < 1)
    // Twice the bytes; a small sum has two rounds on three nodes, the ring four.
    #expect(abs(network.seconds(ofGradients: 1 << 18, nodes: 3) - (8.0 / 3 + 4 * 0.0005)) < 1e-9)
    #expect(abs(network.seconds(ofGradients: 1 << 18, nodes: 2) - (2 + 2 * 0.0005)) < 1e-9)
  }
}
