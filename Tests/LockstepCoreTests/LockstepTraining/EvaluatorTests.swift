import LockstepCore
import Testing

@Suite struct EvaluatorTests {
  private static let network = Network(inputShape: [13], specification: [.dense(outputs: 4)])

  private func evaluate(ranks: Int, _ data: Dataset, indices: [Int]? = nil) throws -> [Evaluation] {
    try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      try Evaluator(
        Self.network, normalization: .none, collective: collective,
        team: try ThreadTeam(count: 1 + collective.rank % 2)
      ).evaluate(Parameters(Self.network, seed: 1), on: data.test, indices: indices)
    }.map { try $0.get() }
  }

  /// More samples than one batch of 256, fewer than ranks, and none at all.
  @Test(arguments: [600, 5])
  func ranksAgree(samples: Int) throws {
    let data = try formulaDataset(samples: 1, features: 13, classes: 4, testSamples: samples)
    let all = try [1, 2, 3, 7].flatMap { try evaluate(ranks: $0, data) }
    #expect(all.allSatisfy { $0 == all[0] })
    #expect(all[0].count == samples)
    #expect(try evaluate(ranks: 3, data, indices: [])[0].accuracy == 0)
  }

  @Test func isTheMeanOverTheSamples() throws {
    let data = try formulaDataset(samples: 1, features: 13, classes: 4, testSamples: 300)
    let weights = Parameters(Self.network, seed: 1)
    let tensors = Self.network.tensors.map { weights.values(of: $0).map(Double.init) }
    let picked = Array(stride(from: 299, to: 0, by: -3))
    var (loss, hits) = (0.0, 0)
    for sample in picked {
      let x = data.test.images.sample(sample).map { Double($0) / 255 }
      let z = (0..<4).map { o in (0..<13).reduce(tensors[1][o]) { $0 + tensors[0][o * 13 + $1] * x[$1] } }
      let label = Int(data.test.labels[sample])
      loss += ReferenceNetwork.crossEntropy(z, label: label) / Double(picked.count)
      hits += z.firstIndex(of: z.max()!) == label ? 1 : 0
    }
    let found = try evaluate(ranks: 2, data, indices: picked)[0]
    #expect(abs(found.loss - loss) < 1e-6)
    #expect((found.hits, found.count) == (hits, 100))
    #expect(found.accuracy == Double(hits) / 100)
  }
}
