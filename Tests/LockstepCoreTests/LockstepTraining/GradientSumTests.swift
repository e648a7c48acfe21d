import LockstepCore
import Testing

@Suite struct GradientSumTests {
  /// The nearest multiple of 2^-42, ties to even, for all magnitudes up to 2^9.
  @Test func roundingIsToTheGrid() {
    var numbers = Numbers(seed: 8)
    let awkward =
      numbers.awkwardFloats(2000).map(Double.init) + numbers.floats(2000, scale: 512).map(Double.init)
    for x in awkward + [0x1p9, -0x1p9, 0x3p-43, -0x3p-43, 0x5p-43, 0x1p-43, -0x1p-43, 0.1, -0.3] {
      let expected = (x * 0x1p42).rounded(.toNearestOrEven) * 0x1p-42
      #expect(ExactGrid.rounded(x) == expected)
    }
  }

  /// 2^11 / V, or 2^9: what keeps sums over micro-batches below 2^11.
  @Test func limit() {
    func limit(_ microBatches: Int) -> Float {
      GradientSum(paddedParameterCount: 16, microBatches: microBatches, reduction: .exact).limit
    }
    #expect([1, 4, 5, 8, 1024].map(limit) == [512, 512, 409.6, 256, 2])
  }

  /// Each rank's number, negative, so that integers carry into the upper half.
  @Test(arguments: Reduction.allCases)
  func metricsTravelWithTheGradient(reduction: Reduction) throws {
    let network = Network(inputShape: [3], specification: [.dense(outputs: 2)])
    let results = ThreadedCollective.run(nodes: [0, 0, 1]) { collective in
      var recipe = Recipe()
      recipe.reduction = reduction
      let scales = GradientScales(network, recipe, fullBatch: 4)
      scales?.begin(2, samples: 4)
      let sum = GradientSum(
        paddedParameterCount: network.paddedParameterCount, microBatches: 4, reduction: reduction,
        scales: scales)
      var metrics = sum.metrics
      metrics.loss = ExactSum(onGrid: 0.25)
      metrics.loss.add(4)
      (metrics.hits, metrics.failures) = (1000 + collective.rank, collective.rank / 2)
      metrics.clamped = 100_000 * collective.rank
      sum.metrics = metrics
      let place = network.tensors[0].flatIndex(5)
      let number = -collective.rank - 1
      switch sum.slice(at: 0) {
      case .exact(let pointer, _): pointer[place] = Double(number)
      case .fast(let pointer): pointer[place] = Float(number)
      case .grid(let slice) where slice.grid.bits == 16:
        slice.integers!.assumingMemoryBound(to: Int16.self)[place] = Int16(number)
      case .grid(let slice): slice.integers!.assumingMemoryBound(to: Int32.self)[place] = Int32(number)
      case .applied: Issue.record("nothing is to be applied")
      }
      try sum.allReduce(collective)
      let unit = scales.map { Double($0.unit(at: place)) } ?? 1
      return (sum.metrics, network.tensors.map { sum.values(of: $0).map { $0 / unit } })
    }
    for result in results {
      let (metrics, gradient) = try result.get()
      #expect(metrics.loss.onGrid == 0.75 && metrics.loss.value == 12.75)
      #expect((metrics.hits, metrics.failures) == (3003, 1))
      #expect(metrics.clamped == 300_000)
      #expect(gradient == [[0, 0, 0, 0, 0, -6], [0, 0]])
    }
  }
}
