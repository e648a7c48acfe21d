import LockstepCore
import Testing

/// What a model makes of arrays.
@Suite struct PredictionTests {
  private static let images = (0..<300).map { sample in
    (0..<12).map { UInt8(truncatingIfNeeded: sample * 37 + $0 * 91 + sample * $0 * 5) }
  }

  private func model(_ network: [LayerSpecification]) throws -> Model {
    var recipe = Recipe()
    (recipe.network, recipe.epochs) = (network, 2)
    let labels = Self.images.indices.map { $0 * 7 % 3 }
    return try Training(recipe, on: Dataset(images: Self.images, labels: labels, shape: [3, 4])).run()
  }

  @Test(arguments: [
    [LayerSpecification.dense(outputs: 9), .relu, .dense(outputs: nil)],
    [.conv(outputs: 5, size: 2, stride: 1, padding: 0), .gelu, .flatten, .dense(outputs: nil)],
  ])
  func aSampleHasTheSameBitsInAnyBatch(network: [LayerSpecification]) throws {
    let model = try model(network)
    let all = try model.predict(Self.images)
    #expect(all.count == 300 && all.allSatisfy { $0.count == 3 && abs($0.reduce(0, +) - 1) < 1e-6 })
    #expect(Set(all.map { $0.map(\.bitPattern) }).count > 100)
    for sample in [0, 1, 17, 255, 256, 299] {
      #expect(try model.predict([Self.images[sample]]) == [all[sample]])
    }
    #expect(try model.predict(Array(Self.images[3..<100]), threads: 3) == Array(all[3..<100]))
    #expect(try model.predict([] as [[UInt8]]) == [])
  }

  /// The evaluator's probabilities, and for Floats those of the bytes that they are 255ths of.
  @Test func areThoseOfEvaluation() throws {
    let model = try model([.dense(outputs: nil)])
    let all = try model.predict(Self.images)
    let data = try Dataset(images: Self.images, labels: Self.images.map { _ in 0 }, shape: [3, 4])
    let evaluator = try Evaluator(
      model.network, normalization: model.normalization, collective: SingleProcess(),
      team: ThreadTeam(count: 1))
    var expected: [Float] = []
    try evaluator.predictions(model.parameters, on: data.train) { expected += $1.map { Float($0) } }
    #expect(all.flatMap { $0 } == expected)
    let numbers = try model.predict(Self.images.map { $0.map { Float($0) / 255 } }).flatMap { $0 }
    #expect(zip(numbers, expected).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let model = try model([.dense(outputs: nil)])
    let good = [Float](repeating: 0, count: 12)
    for (samples, found) in [
      ([good, Array(good.dropLast())], "11 in number 1"), ([good + [0]], "13 in number 0"),
      ([[]], "0 in number 0"),
      ([good, good.dropLast() + [.nan]], "nan in image 1"),
    ] {
      let error = #expect(throws: LockstepError.self) { try model.predict(samples) }
      #expect(
        error?.subject == "samples" && error?.found.contains(found) == true, "\(error?.description ?? "")")
    }
  }
}
