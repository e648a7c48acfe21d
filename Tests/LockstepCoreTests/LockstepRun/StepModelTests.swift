import LockstepCore
import Testing

/// Predictions from constants that are made up.
@Suite struct StepModelTests {
  /// Of 8 micro-batches: 2 ms that every rank spends, and 1 ms a micro-batch.
  private func model(cores: Int = 64, pair: Double? = 0.006) -> StepModel {
    StepModel(
      microBatches: 8, parameters: 1 << 17, bytes: 8, cores: cores, alone: (0.010, 0.003), pair: pair)
  }

  private func isClose(_ a: Double?, _ b: Double) -> Bool { a.map { abs($0 - b) < 1e-6 } ?? false }

  /// Micro-batches are not split: three ranks are as slow as the one that has three of eight.
  @Test(arguments: [(1, 0.010), (2, 0.006), (3, 0.005), (4, 0.004), (7, 0.004), (8, 0.003), (64, 0.003)])
  func ranksOfANode(ranks: Int, seconds: Double) {
    #expect(isClose(model().seconds(layout: [ranks]), seconds), "\(ranks)")
  }

  @Test func moreRanksThanCoresAreNotFaster() {
    #expect(isClose(model(cores: 2).seconds(layout: [4]), 0.006))
    #expect(isClose(model(cores: 4).seconds(layout: [8]), 0.004))
  }

  /// Seven ranks, one of which has two of eight micro-batches, on four cores: two turns at best, and 7 / 4 and one more
  /// at worst.
  @Test func moreRanksThanCoresShareThem() {
    #expect(isClose(model(cores: 4).seconds(layout: [7]), 0.002 + (0.002 + 0.00275) / 2))
    // Three ranks have 3, 3 and 2: four turns both ways.
    #expect(isClose(model(cores: 2).seconds(layout: [3]), 0.006))
  }

  @Test func whatWasNotMeasuredIsNotPredicted() {
    #expect(model(pair: nil).seconds(layout: [4]) == nil)
    #expect(model().seconds(layout: [1, 1]) == nil)
  }

  /// 1 MiB of gradients at 1 MiB in a second each way, without latency; two ranks apart take 1 ms beyond that.
  private var cluster: StepModel {
    var model = model()
    model.network = NetworkSpeed(nodes: 2, latency: 0, exchange: 1)
    model.apart = 0.006 + 0.001 + 1
    return model
  }

  @Test func nodesExchangeGradients() {
    #expect(isClose(cluster.seconds(layout: [1, 1]), 1.007))
    #expect(isClose(cluster.seconds(layout: [1, 1, 1, 1]), 0.004 + 0.001 + 1.5))
    #expect(isClose(cluster.seconds(layout: [2, 2]), 0.004 + 0.001 + 1))
    // In a quarter of the bytes.
    #expect(isClose(cluster.seconds(layout: [1, 1], bytes: 2), 0.007 + 0.25))
  }

  private func verdict(_ change: (inout StepModel) -> Void, reduction: Reduction = .exact) -> String {
    var model = cluster
    change(&model)
    return StepPrediction(
      title: "", model: model, reduction: reduction, timings: [], ranksOfNode: 1
    ).verdict
  }

  @Test func saysWhatFollows() {
    let slow = verdict { _ in }
    #expect(slow.hasPrefix("this network cannot gain from a second node on this link (1 MB/s)"), "\(slow)")
    let fast = verdict {
      $0.network = NetworkSpeed(nodes: 2, latency: 0, exchange: 0.0001)
      $0.apart = 0.0061
    }
    #expect(fast.hasPrefix("8 nodes are 3.1 times as fast as one on this link"), "\(fast)")
    #expect(fast.hasSuffix("with 8 micro-batches no more than 8 ranks can help"), "\(fast)")
    // Two bytes in place of eight pay where eight do not.
    let tight = verdict {
      $0.network = NetworkSpeed(nodes: 2, latency: 0, exchange: 0.008)
      $0.apart = 0.014
    }
    #expect(tight.contains("; 8 nodes with --reduction exact16 are 1.5 times"), "\(tight)")
  }

  /// Each doubling of V costs exact16 a bit: with 512 micro-batches fewer than eight are left.
  @Test func exact16IsOfferedWhereEightBitsAreLeft() {
    func offers(_ microBatches: Int) -> Bool {
      verdict {
        $0.microBatches = microBatches
        $0.network = NetworkSpeed(nodes: 2, latency: 0, exchange: 0.008)
        $0.apart = 0.014
      }.contains("exact16")
    }
    #expect(offers(8) && offers(256) && !offers(512))
  }

  @Test func ofOneNodeSaysHowRanksHelp() {
    let text = StepPrediction(title: "", model: model(), reduction: .exact, timings: [], ranksOfNode: 4)
      .verdict
    #expect(text.hasPrefix("4 ranks are 2.5 times as fast as one; "), "\(text)")
  }
}
