import LockstepCore
import Testing

/// The grids of a step: a power of two for each tensor, wide enough for a multiple of the magnitude expected.
@Suite struct GradientScalesTests {
  private static let microBatches = [1, 4, 64, 512, 1024]

  /// V micro-batches of the largest multiple fit the sum's integers, and single precision rounds to it.
  @Test func theLargestMultiple() {
    let words = Self.microBatches.map { GradientScales.most(bits: 32, microBatches: $0) }
    #expect(words == [4_194_304, 4_194_304, 4_194_304, 4_194_303, 2_097_151])
    let halfWords = Self.microBatches.map { GradientScales.most(bits: 16, microBatches: $0) }
    #expect(halfWords == [32767, 8191, 511, 63, 31])
    for (number, count) in Self.microBatches.enumerated() {
      #expect(Int(words[number]) * count <= Int(Int32.max))
      #expect(Int(halfWords[number]) * count <= Int(Int16.max))
    }
  }

  @Test(arguments: microBatches, [32, 16]) func theLeastThatFits(microBatches: Int, bits: Int) {
    let most = GradientScales.most(bits: bits, microBatches: microBatches)
    var numbers = Numbers(seed: 5)
    let magnitudes = numbers.floats(50, scale: 3).map(abs) + [1, 2, 0x1p-30, 0x1p30, Float(1).nextUp, 1e-20]
    for largest in magnitudes where largest > 0 {
      let unit = GradientScales.unit(largest: largest, most: most, headroom: 2, full: 100, samples: 100)
      #expect(unit.significand == 1)
      #expect(unit * most >= 2 * largest && unit / 2 * most < 2 * largest, "\(largest)")
    }
  }

  /// Before there is a magnitude, it is taken for 1.
  @Test func withoutAMagnitude() {
    for largest in [Float(0), 1] {
      #expect(
        GradientScales.unit(largest: largest, most: 0x1p22, headroom: 2, full: 9, samples: 9) == 0x1p-21)
    }
  }

  /// An epoch's last batch has larger gradients, being means over fewer samples; and after it the grid is not narrower.
  @Test func aShorterBatchHasWiderGrids() {
    func unit(_ samples: Int) -> Float {
      GradientScales.unit(largest: 0.5, most: 1024, headroom: 2, full: 64, samples: samples)
    }
    #expect([64, 63, 33, 32, 16, 1].map(unit) == [0x1p-10, 0x1p-9, 0x1p-9, 0x1p-9, 0x1p-8, 0x1p-4])
    #expect(unit(65) == 0x1p-10)
  }

  /// Of any magnitude the unit and its inverse are normal numbers, and so is the grid's end.
  @Test func extremes() {
    for largest in [Float.leastNonzeroMagnitude, 1e-38, 1e38, .greatestFiniteMagnitude] {
      for most in [Float(31), 0x1p22] {
        let unit = GradientScales.unit(largest: largest, most: most, headroom: 8, full: 60_000, samples: 1)
        #expect(unit.isNormal && (1 / unit).isNormal && (unit * most).isNormal && unit.significand == 1)
      }
    }
  }

  private func scales(_ reduction: Reduction, seed: UInt64 = 1) throws -> (GradientScales, Network) {
    let network = Network(inputShape: [3], specification: [.dense(outputs: 20), .dense(outputs: 2)])
    var recipe = Recipe()
    (recipe.reduction, recipe.seed, recipe.microBatches) = (reduction, seed, 4)
    return (try #require(GradientScales(network, recipe, fullBatch: 40)), network)
  }

  @Test func onlyIntegersHaveGrids() {
    let network = Network(inputShape: [3], specification: [.dense(outputs: 2)])
    for (reduction, bits) in [(Reduction.exact, nil), (.fast, nil), (.exact32, 32), (.exact16, 16)] {
      var recipe = Recipe()
      recipe.reduction = reduction
      #expect(GradientScales(network, recipe, fullBatch: 1)?.bits == bits)
    }
  }

  /// Each tensor's magnitude is that of the latest step where it was not 0, and of no NaN.
  @Test func magnitudesOfTheLatestStep() throws {
    let (scales, network) = try scales(.exact16)
    func bits(_ magnitudes: [Float]) -> [UInt32] { magnitudes.map(\.bitPattern) }
    func units() -> [Float] { network.tensors.map { scales.unit(at: $0.flatIndex(0)) } }
    #expect(scales.largest == [0, 0, 0, 0])
    scales.begin(1, samples: 40)
    #expect(scales.isFirstStep)
    scales.finish(bits([0.25, 8, 0, 1]))
    scales.begin(2, samples: 40)
    #expect(!scales.isFirstStep)
    // The largest multiple is 8191, so that twice a power of two needs one more.
    #expect(units() == [0x1p-13, 0x1p-8, 0x1p-11, 0x1p-11])
    // Far beyond the grid, where it was cut off: the next is as wide as that. Infinity and NaN end the run.
    scales.finish(bits([1000, 0, .infinity, .nan]))
    #expect(scales.largest == [1000, 8, 0, 1])
    scales.begin(3, samples: 40)
    #expect(units()[0] * 8191 >= 2000 && units()[0] * 8191 < 4000)
    #expect(units()[1...] == [0x1p-8, 0x1p-11, 0x1p-11])
    // Every element of a tensor has its unit, and none of another's.
    for (tensor, unit) in zip(network.tensors, units()) {
      #expect((0..<tensor.count).allSatisfy { scales.unit(at: tensor.flatIndex($0)) == unit })
    }
  }

  /// A magnitude that is past fades, so that a small step between larger ones does not cut those off.
  @Test func largerStepsAreRemembered() throws {
    let (scales, _) = try scales(.exact32)
    for (step, magnitude) in [Float(8), 1, 1, 100].enumerated() {
      scales.begin(step + 1, samples: 40)
      scales.finish([UInt32](repeating: magnitude.bitPattern, count: 4))
      #expect(scales.largest[0] == [8, 7.5, 7.03125, 100][step])
    }
    scales.begin(5, samples: 40)
    // Eight times as much fits 2^22 of them, and would not fit half as much.
    #expect(scales.unit(at: 0) == 0x1p-12)
  }

  /// All ranks go on with the largest magnitude of any.
  @Test func ranksAgree() throws {
    let expected = try largest(rank: 0, ranks: 1, SingleProcess())
    #expect(expected.allSatisfy { $0 > 0 })
    let results = ThreadedCollective.run(nodes: [0, 0, 1]) { collective in
      try Self().largest(rank: collective.rank, ranks: 3, collective)
    }
    for result in results { #expect(try result.get() == expected) }
  }

  private func largest(rank: Int, ranks: Int, _ collective: any Collective) throws -> [Float] {
    let problem = Problem([21], "dense 35, relu, dense 4", samples: 26)
    let gradient = problem.gradient(.exact32, microBatches: 4)
    let scales = try #require(gradient.scales)
    scales.begin(2, samples: 26)
    let team = try ThreadTeam(count: 1)
    let plan = FusionPlan(problem.network)
    _ = problem.run(
      plan, problem.parameters, Workspace(plan, capacity: 26, learns: true, threads: 1),
      to: GradientCollector(gradient, team: team),
      shard: problem.shard(rank: rank, ranks: ranks, microBatches: 4), team: team)
    try scales.finish(collective)
    return scales.largest
  }
}
