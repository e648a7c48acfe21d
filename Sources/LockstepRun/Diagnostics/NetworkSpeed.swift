import LockstepRanks
import LockstepSupport

/// How fast the nodes of a job exchange gradients, in the way that training does.
package struct NetworkSpeed: Sendable, Equatable {
  package var nodes: Int
  /// Of a sum of one double over the nodes, in seconds.
  package var latency: Double
  /// Of a sum of `bytes` over the nodes, in seconds.
  package var exchange: Double

  /// The size of the larger sum: 2^17 doubles.
  static let bytes = 1 << 20

  package init(nodes: Int, latency: Double, exchange: Double) {
    (self.nodes, self.latency, self.exchange) = (nodes, latency, exchange)
  }

  /// Between one rank of each node, while the others wait; nil for a single node. Takes some two seconds at 10 Mbit/s.
  /// Collective.
  package static func measure(_ collective: any Collective) throws -> NetworkSpeed? {
    let nodes = collective.nodeSizes.count
    guard nodes > 1 else { return nil }
    try collective.barrier()
    var seconds = (latency: 0.0, exchange: 0.0)
    if collective.nodeRank == 0 {
      seconds.latency = try median(ofSum: 1, repeats: 101, collective)
      seconds.exchange = try median(ofSum: bytes / 8, repeats: 5, collective)
    }
    // Rank 0 is the first of its node.
    let values = try [seconds.latency, seconds.exchange].map {
      Double(bitPattern: try collective.allGather($0.bitPattern)[0])
    }
    return NetworkSpeed(nodes: nodes, latency: values[0], exchange: values[1])
  }

  /// As many calls on all nodes, whatever they take.
  private static func median(ofSum count: Int, repeats: Int, _ collective: any Collective) throws -> Double {
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: count)
    buffer.initialize(repeating: 0)
    defer { buffer.deallocate() }
    // The first opens connections.
    try collective.allReduceAcrossNodes(buffer)
    var times: [Double] = []
    for _ in 0..<repeats { times.append(try secondsOf { try collective.allReduceAcrossNodes(buffer) }) }
    return times.sorted()[repeats / 2]
  }

  /// What each node sends, and receives, in a second: a ring's 2 (n - 1) / n of the bytes.
  package var bytesPerSecond: Double {
    2 * Double(nodes - 1) / Double(nodes) * Double(Self.bytes) / max(exchange - latency, 1e-9)
  }

  /// Of a message between two nodes: a small sum takes log2 n rounds of them.
  private var messageLatency: Double {
    latency / Double(Int.bitWidth - (nodes - 1).leadingZeroBitCount)
  }

  /// Seconds of a step's exchange of so many gradients of so many bytes on `nodes` nodes of this kind, in a ring:
  /// 2 (n - 1) / n of the bytes in 2 (n - 1) messages one after the other. A switch that gives each pair of nodes its
  /// full speed is assumed.
  package func seconds(ofGradients count: Int, bytes: Int = 8, nodes: Int) -> Double {
    let n = Double(nodes)
    return 2 * (n - 1) / n * Double(bytes * count) / bytesPerSecond + 2 * (n - 1) * messageLatency
  }
}
