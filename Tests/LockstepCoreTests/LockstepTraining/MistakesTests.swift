import Foundation
import LockstepCore
import Testing

/// The most confident mistakes, against all probabilities, on any number of ranks.
@Suite struct MistakesTests {
  private struct Found: Equatable, Sendable {
    var report: ClassificationReport
    var mistakes: [Mistake]
  }

  private static let (samples, classes) = (600, 4)

  private func find(ranks: Int, indices: [Int]?) throws -> [Found?] {
    let network = Network(inputShape: [13], specification: [.dense(outputs: Self.classes)])
    let data = try formulaDataset(samples: 1, features: 13, classes: Self.classes, testSamples: Self.samples)
    return try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let evaluator = try Evaluator(
        network, normalization: .none, collective: collective, team: try ThreadTeam(count: 1))
      return try evaluator.mistakes(Parameters(network, seed: 1), on: data.test, indices: indices, most: 10)
        .map { Found(report: $0.report, mistakes: $0.mistakes) }
    }.map { try $0.get() }
  }

  @Test(arguments: [nil, [5, 500, 17, 3, 99, 400, 401, 402]]) func asAllProbabilitiesSay(indices: [Int]?)
    throws
  {
    let network = Network(inputShape: [13], specification: [.dense(outputs: Self.classes)])
    let data = try formulaDataset(samples: 1, features: 13, classes: Self.classes, testSamples: Self.samples)
    let evaluator = try Evaluator(
      network, normalization: .none, collective: SingleProcess(), team: try ThreadTeam(count: 2))
    var all: [[Double]] = []
    try evaluator.predictions(Parameters(network, seed: 1), on: data.test) { _, table in
      for start in stride(from: 0, to: table.count, by: Self.classes) {
        all.append(Array(table[start..<start + Self.classes]))
      }
    }
    let numbers = indices ?? Array(0..<Self.samples)
    let wrong = numbers.filter { all[$0].firstIndex(of: all[$0].max()!)! != Int(data.test.labels[$0]) }
    let expected = Array(wrong.sorted { all[$0].max()! > all[$1].max()! }.prefix(10))
    for ranks in [1, 3, 7] {
      let found = try find(ranks: ranks, indices: indices)
      #expect(found.dropFirst().allSatisfy { $0 == nil })
      let first = try #require(found[0])
      #expect(first.mistakes.map(\.sample) == expected && !expected.isEmpty, "\(ranks) ranks")
      for mistake in first.mistakes {
        let (row, label) = (all[mistake.sample], Int(data.test.labels[mistake.sample]))
        #expect(
          mistake.label == label && mistake.ofLabel == row[label] && row[mistake.predicted] == row.max())
        #expect(mistake.probability == row.max())
      }
      #expect(first.report.evaluation.count == numbers.count)
      #expect(first.report.evaluation.hits == numbers.count - wrong.count)
    }
    guard indices == nil else { return }
    let report = try evaluator.report(Parameters(network, seed: 1), on: data.test)
    #expect(try find(ranks: 1, indices: nil)[0]?.report.confusions == report.confusions)
  }

  /// A step of each weight by its initial value doubles it: as far as it is large.
  @Test func howFarWeightsAreFromTheirInitialValues() throws {
    let network = Network(inputShape: [13], specification: [.dense(outputs: 7), .relu, .dense(outputs: 4)])
    let parameters = Parameters(network, seed: 5)
    #expect(parameters.distances(fromInitial: 5).allSatisfy { $0.moved == 0 && $0.initial > 0 })
    parameters.set(network.tensors[0], to: parameters.values(of: network.tensors[0]).map { 2 * $0 })
    let distances = parameters.distances(fromInitial: 5)
    #expect(distances[0].moved == distances[0].initial && distances[1].moved == 0)
    #expect(parameters.distances(fromInitial: 6).allSatisfy { $0.moved > 0 })
  }

  @Test func whatTheSameAnswerReaches() throws {
    let labels = [2, 2, 2, 0, 1, 1, 1, 1]
    let dataset = try Dataset(images: labels.map { [Float($0), 0] }, labels: labels)
    let all = dataset.baselines()
    #expect(
      all.training.commonest == 1 && all.training.accuracy == 0.5 && all.validation == nil && all.test == nil)
    #expect(abs(all.training.loss - 0.974) < 1e-3)
    // Without two of class 1 and one of class 2, both are equally common.
    let parts = dataset.baselines(heldBack: [4, 5, 0])
    let rest = parts.training
    #expect(rest.commonest == 1 && rest.accuracy == 0.4 && abs(rest.loss - 1.0549) < 1e-4)
    // Of those held back two are of class 1, which is two fifths of the rest, as is class 2.
    let held = try #require(parts.validation)
    #expect(abs(held.accuracy - 2.0 / 3) < 1e-12 && abs(held.loss - 0.9163) < 1e-4)
  }

  /// Test samples of a class that training lacks have a finite loss, and guessing counts where it does better than the
  /// commonest class.
  @Test func whatTrainingSamplesSayOfOthers() throws {
    let blank = [Float](repeating: 0, count: 2)
    let dataset = try Dataset(
      images: [blank, blank, blank, blank], labels: [0, 0, 1, 1], test: ([blank, blank], [1, 2]))
    let found = try #require(dataset.baselines().test)
    #expect(found.commonest == 0 && abs(found.accuracy - 0.25) < 1e-12)
    #expect(abs(found.loss - 0.5 * (0.6931471 + 2.0794415)) < 1e-6)
  }

  @Test func freedMemoryGoesBack() {
    // The last block keeps the heap from shrinking by itself.
    let blocks = (0..<40_000).map { _ in malloc(1000)! }
    for block in blocks { memset(block, 1, 1000) }
    for block in blocks.dropLast() { free(block) }
    #if canImport(Glibc)
      #expect(releaseFreeMemory())
    #endif
    free(blocks.last!)
  }
}
