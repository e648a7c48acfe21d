import LockstepCore
import Testing

/// An evaluator never reads or writes where it should not, whatever it is given.
@Suite struct EvaluatorChecksTests {
  static let network = Network(
    inputShape: [2, 3], specification: [.dense(outputs: 5), .relu, .dense(outputs: 4)])

  static func split(_ count: Int, shape: [Int] = [2, 3], labels: [Int32]? = nil) throws -> Split {
    let bytes = (0..<count * shape.reduce(1, *)).map { UInt8(truncatingIfNeeded: 37 * $0) }
    return Split(
      images: try SampleTable(count: count, shape: shape, element: .uint8, copying: bytes),
      labels: labels ?? (0..<count).map { Int32($0 % 4) })
  }

  private func evaluator(_ normalization: Normalization = .none) throws -> Evaluator {
    try Evaluator(
      Self.network, normalization: normalization, collective: SingleProcess(), team: ThreadTeam(count: 2))
  }

  private func refuse(
    _ split: Split, with parameters: Parameters = Parameters(network, seed: 1), _ subject: String,
    _ texts: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let evaluator = try evaluator()
    for evaluate in [
      { _ = try evaluator.evaluate(parameters, on: split) },
      { _ = try evaluator.report(parameters, on: split) },
      { try evaluator.predictions(parameters, on: split) { _, _ in } },
    ] {
      let error = #expect(throws: LockstepError.self, sourceLocation: sourceLocation) { try evaluate() }
      #expect(error?.subject == subject, sourceLocation: sourceLocation)
      for text in texts {
        #expect(
          error?.description.contains(text) == true, "\(error?.description ?? "")",
          sourceLocation: sourceLocation)
      }
    }
  }

  @Test(arguments: [[3, 2], [6], [1, 2, 3], [2, 2], [5, 5], [100_000]]) func samplesOfAnotherShape(
    shape: [Int]
  ) throws {
    try refuse(Self.split(3, shape: shape), "samples", ["[2, 3]", "\(shape)"])
  }

  @Test(arguments: [-1, 4, Int32.max, .min]) func labelsOutOfRange(label: Int32) throws {
    try refuse(Self.split(3, labels: [0, 1, label]), "labels", ["from 0 to 3", "\(label) at index 2"])
  }

  @Test(arguments: [0, 2, 4, 3000]) func anotherNumberOfLabels(count: Int) throws {
    try refuse(
      Self.split(3, labels: Array(repeating: 1, count: count)), "labels", ["3, one for each", "\(count)"])
  }

  @Test(arguments: [[-1], [0, 3], [.max], [.min]]) func indicesOutOfRange(indices: [Int]) throws {
    let error = try #require(
      #expect(throws: LockstepError.self) {
        try evaluator().evaluate(Parameters(Self.network, seed: 1), on: Self.split(3), indices: indices)
      })
    #expect(error.subject == "indices" && error.expected?.contains("from 0 to 2") == true)
  }

  @Test func parametersOfAnotherNetwork() throws {
    let small = Network(inputShape: [2, 3], specification: [.dense(outputs: 4)])
    try refuse(Self.split(3), with: Parameters(small, seed: 1), "parameters", ["[2, 3]"])
    let narrow = Network(inputShape: [6], specification: [.dense(outputs: 5), .relu, .dense(outputs: 4)])
    try refuse(Self.split(3), with: Parameters(narrow, seed: 1), "parameters", ["another network"])
  }

  /// Made apart, but alike.
  @Test func parametersOfANetworkThatIsAlike() throws {
    let twin = Network(inputShape: [2, 3], specification: Self.network.specification)
    let (one, other) = try (
      evaluator().evaluate(Parameters(Self.network, seed: 1), on: Self.split(9)),
      evaluator().evaluate(Parameters(twin, seed: 1), on: Self.split(9))
    )
    #expect(one == other)
  }

  @Test(arguments: [
    Normalization.fixed(mean: 0, deviation: 0), .fixed(mean: .nan, deviation: 1),
    .fixed(mean: 0, deviation: -2),
    .fixed(mean: .infinity, deviation: 1),
  ])
  func normalizationThatMakesNoNumbers(normalization: Normalization) {
    #expect(throws: LockstepError.self) { try evaluator(normalization) }
    #expect(throws: LockstepError.self) {
      try Model(parameters: Parameters(Self.network), normalization: normalization)
    }
  }

  @Test func noSamples() throws {
    let result = try evaluator().evaluate(Parameters(Self.network, seed: 1), on: Self.split(3), indices: [])
    #expect(result.count == 0 && result.accuracy == 0)
    let report = try evaluator().report(Parameters(Self.network, seed: 1), on: Self.split(0))
    #expect(report.predicted.isEmpty && report.macro.f1 == 0 && report.confusions.isEmpty)
    try evaluator().predictions(Parameters(Self.network, seed: 1), on: Self.split(0)) { _, _ in
      Issue.record("there are none")
    }
  }
}
