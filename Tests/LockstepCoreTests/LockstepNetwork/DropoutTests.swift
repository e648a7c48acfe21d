import LockstepCore
import Testing

@Suite struct DropoutTests {
  private static let features = 4000
  private static let image = FeatureLayout.interleaved(channels: 20, height: 3, width: 4)

  /// What becomes of ones, a row for each sample.
  private func mask(
    _ layout: FeatureLayout = .vector(features), p: Float = 0.5, channels: Bool = false, number: Int = 3,
    seed: UInt64 = 1, epoch: Int = 0, samples: [Int] = [5], threads: Int = 1
  ) throws -> [[Double]] {
    try samples.withUnsafeBufferPointer { samples in
      let run = LayerRun(
        [Dropout(layout, probability: p, dropsChannels: channels, number: number)], input: layout,
        rows: samples.count)
      let ones = [Float](repeating: 1, count: samples.count * layout.features)
      let found = try run.run(
        x: ones, dy: ones, threads: threads,
        randomness: .init(seed: seed, epoch: epoch, samples: samples.baseAddress!))
      // The mask's derivative is the mask.
      #expect(found.dx == found.y)
      return (0..<samples.count).map {
        Array(found.y[$0 * layout.features..<($0 + 1) * layout.features])
      }
    }
  }

  /// The contract: unit u of layer n falls out where element 2^24 n + u of the stream is below p.
  @Test(arguments: [0, 3, 999])
  func isAFunctionOfItsKeys(number: Int) throws {
    let random = CounterRandom(seed: 9, purpose: .dropout, time: 2, sample: 31)
    let found = try mask(.vector(301), p: 0.25, number: number, seed: 9, epoch: 2, samples: [31])[0]
    let expected = (0..<301).map { unit in
      Double(random.bits(number << 24 | unit)) < 0.25 * 0x1p32 ? 0 : Double(1 / Float(0.75))
    }
    #expect(found == expected)
  }

  @Test func everyKeyCounts() throws {
    let masks = [
      try mask(), try mask(number: 4), try mask(number: 259), try mask(number: 515), try mask(seed: 2),
      try mask(seed: 1 << 40 + 1), try mask(epoch: 1), try mask(samples: [6]),
    ]
    #expect(Set(masks).count == masks.count)
    // And they have nothing to do with each other: half of the units are alike.
    for other in masks.dropFirst() {
      let alike = zip(masks[0][0], other[0]).count { $0 == $1 }
      #expect(abs(alike - Self.features / 2) < 5 * 32)
    }
  }

  /// Neither rows, nor threads, nor the layout in memory, nor who else is in the batch.
  @Test func nothingElseCounts() throws {
    let samples = [5, 17, 0, 59_999, 3, 8, 2, 1]
    let all = try mask(samples: samples)
    #expect(Set(all).count == samples.count)
    for threads in [2, 3, 7] { #expect(try mask(samples: samples, threads: threads) == all) }
    for (row, sample) in samples.enumerated() { #expect(try mask(samples: [sample])[0] == all[row]) }
    let (channels, height, width) = (20, 3, 4)
    let planes = FeatureLayout.planes(channels: channels, height: height, width: width)
    for whole in [false, true] {
      #expect(try mask(Self.image, channels: whole) == mask(planes, channels: whole))
    }
    #expect(try mask(Self.image) == mask(.vector(channels * height * width)))
  }

  /// Of 32 * 4000 units, within five standard deviations; what is left keeps the expectation.
  @Test(arguments: [Float(0.1), 0.5, 0.9, 0.999])
  func dropsTheFractionAndScalesTheRest(p: Float) throws {
    let units = try mask(p: p, samples: Array(0..<32)).joined()
    let (n, dropped) = (Double(units.count), Double(units.count { $0 == 0 }))
    let deviation = (n * Double(p) * Double(1 - p)).squareRoot()
    #expect(abs(dropped - n * Double(p)) < 5 * deviation)
    let scale = Double(1 / (1 - p))
    #expect(units.allSatisfy { $0 == 0 || $0 == scale })
    #expect(abs(units.reduce(0, +) - n) < 5 * deviation * scale)
  }

  @Test func channelsFallWhole() throws {
    let samples = Array(0..<200)
    var dropped = 0
    for row in try mask(Self.image, p: 0.25, channels: true, samples: samples) {
      for channel in 0..<20 {
        let pixels = Set(row[channel * 12..<(channel + 1) * 12])
        #expect(pixels.count == 1)
        dropped += pixels == [0] ? 1 : 0
      }
    }
    #expect(abs(Double(dropped) - 1000) < 5 * (4000 * 0.25 * 0.75).squareRoot())
  }

  @Test func nothingFallsInEvaluationNorWithoutProbability() throws {
    let x = Golden.numbers(1, count: 2 * 240)
    for layout in [Self.image, .vector(240)] {
      let layer = Dropout(layout, probability: 0.9, dropsChannels: false, number: 0)
      let found = try LayerRun([layer], input: layout, rows: 2).run(x: x, dy: x)
      #expect(found.y == x.map(Double.init) && found.dx == found.y)
    }
    #expect(try mask(p: 0)[0].allSatisfy { $0 == 1 })
  }

  /// Every rank's samples have masks of their own, and the trained weights depend on epoch and seed through them.
  @Test func samplesOfAllRanksDiffer() throws {
    let sampler = Sampler(datasetCount: 64, batchSize: 32, microBatches: 4, seed: 1)
    let order = sampler.order(epoch: 0)
    let samples = (0..<4).flatMap { rank in
      sampler.shard(step: 0, rank: rank, ranks: 4).entries.map { order[$0] }
    }
    #expect(try Set(mask(.vector(100), samples: samples)).count == 32)
  }
}
