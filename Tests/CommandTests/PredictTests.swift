import Foundation
import Testing

/// `lockstep predict`: what a model makes of pictures, by the bits of `evaluate --predictions`.
@Suite struct PredictTests {
  let scene: TrainingScene
  var scratch: TemporaryDirectory { scene.scratch }

  init() throws { scene = try TrainingScene() }

  private func predict(_ arguments: [String], status: Int32 = 0, ranks: Int? = nil) throws -> CommandResult {
    let result = try lockstep(["predict"] + arguments, ranks: ranks)
    try #require(result.status == status, "\(result.errors)\(result.output)")
    return result
  }

  /// The lines of CSV without header and first column.
  private func answers(_ csv: String) -> [Substring] {
    csv.split(separator: "\n").dropFirst().map { $0.drop { $0 != "," }.dropFirst() }
  }

  @Test(arguments: ["linear", "cnn"])
  func probabilitiesAreThoseOfEvaluate(model: String) throws {
    let network =
      model == "cnn"
      ? ["--network", "conv 4 3x3, relu, maxpool 2, flatten, dense classes"] : ["--model", model]
    let run = try scene.train(network + ["--max-steps", "40"])
    let file = scratch.file("predictions.csv")
    let evaluation = try lockstep(
      ["evaluate", run.path, "--data", scene.data, "--predictions", file], ranks: 3)
    try #require(evaluation.status == 0, "\(evaluation.errors)")
    let expected = try scratch.text("predictions.csv").split(separator: "\n").dropFirst().map { $0[...] }
    let all = try predict([run.path, "--data", scene.data, "--index", "0-299", "--csv"])
    #expect(answers(all.output) == expected)
    let ranks = try predict(
      [run.path, "--data", scene.data, "--index", "0-299", "--csv", "--threads", "3"], ranks: 3)
    #expect(ranks.output == all.output)
    for index in [0, 17, 299] {
      let one = try predict([run.path, "--data", scene.data, "--index", "\(index)", "--csv"])
      #expect(answers(one.output) == [expected[index]])
    }
    // The test digits as files: of the same size, and as they are.
    try scratch.writeDigits(50, of: scene.data, part: "t10k", to: "files")
    let pictures = try predict([run.path, scratch.file("files"), "--csv", "--as-is"])
    #expect(Set(answers(pictures.output)) == Set(expected[..<50]))
  }

  @Test func picturesAreTreatedAsImportRecorded() throws {
    try scratch.writeDigits(200, of: scene.data, to: "tree")
    let dataset = scratch.file("dark")
    let made = try lockstep([
      "import", scratch.file("tree"), "--output", dataset, "--size", "14x14", "--invert", "--test-split",
      "0.2",
    ])
    try #require(made.status == 0, "\(made.errors)")
    let run = try scene.train(["--model", "linear", "--max-steps", "20"], data: dataset)
    let header = String(decoding: try run.model.prefix(2000), as: UTF8.self)
    #expect(header.contains(#""lockstep.pictures":"14x14 grey inverted""#))
    #expect(header.contains(#""lockstep.class-names":"[\"0\",\"1\""#))
    // What the network sees of a picture is what the dataset has of it.
    let own = try predict([run.path, scratch.file("tree"), "--csv"])
    let test = try predict([run.path, "--data", dataset, "--index", "0-9", "--csv"])
    #expect(Set(answers(own.output)).isSuperset(of: answers(test.output)))
    let plain = try predict([run.path, scratch.file("tree"), "--csv", "--as-is"])
    #expect(Set(answers(plain.output)).isDisjoint(with: answers(test.output)))
  }

  @Test func digitsAreCentredLikeThoseTrainedOn() throws {
    let run = try scene.train(["--model", "linear", "--max-steps", "20"])
    let header = String(decoding: try run.model.prefix(2000), as: UTF8.self)
    #expect(header.contains(#""lockstep.pictures":"28x28 grey centred""#))
    // The same digit, small and dark in a corner of white paper.
    let digit = [UInt8](try Data(contentsOf: URL(fileURLWithPath: scene.data + "/t10k-images-idx3-ubyte")))[
      16..<800]
    var paper = [UInt8](repeating: 255, count: 100 * 100)
    for (index, ink) in digit.enumerated() { paper[(index / 28 + 60) * 100 + index % 28 + 5] = 255 - ink }
    try scratch.writePNG(Array(digit), width: 28, to: "digits-of/a.png")
    try scratch.writePNG(paper, width: 100, to: "digits-of/b.png")
    let both = answers(try predict([run.path, scratch.file("digits-of"), "--csv"]).output)
    try #require(both.count == 2)
    #expect(both[0] == both[1])
  }

  /// Pictures that lie otherwise are not centred, and it is said that nothing is known of them.
  @Test func withoutARecordOnlyTheSizeIsGiven() throws {
    let bytes = try scratch.writeNumbers(bytes: true, to: "bytes")
    let run = try scene.train(
      ["--model", "linear", "--max-steps", "2", "--batch-size", "4"], data: bytes)
    #expect(!String(decoding: try run.model.prefix(2000), as: UTF8.self).contains("lockstep.pictures"))
    try scratch.writePNG((0..<64).map { UInt8($0 % 7) }, width: 8, to: "pictures/first.png")
    let own = try predict([run.path, scratch.file("pictures"), "--csv"])
    #expect(own.errors.contains("no record of what was done to the pictures"), "\(own.errors)")
    let sample = try predict([run.path, "--data", bytes, "--index", "0", "--csv"])
    func probabilities(_ result: CommandResult) -> [Substring] {
      answers(result.output).map {
        $0.split(separator: ",", omittingEmptySubsequences: false)[2...].joined()[...]
      }
    }
    #expect(probabilities(own) == probabilities(sample))
    let plain = try predict([run.path, scratch.file("pictures"), "--csv", "--as-is"])
    #expect(plain.output == own.output && plain.errors == "")
  }

  /// Pixels are bytes: what they are on the scale of other numbers is not known.
  @Test func modelsOfNumbersTakeNoPictures() throws {
    let numbers = try scratch.writeNumbers(to: "numbers")
    let run = try scene.train(
      ["--model", "linear", "--max-steps", "2", "--batch-size", "4"], data: numbers)
    try scratch.writePNG([UInt8](repeating: 9, count: 64), width: 8, to: "pictures/one.png")
    let refused = try predict([run.path, scratch.file("pictures")], status: 65)
    #expect(refused.errors.contains("found one of float32 numbers") && refused.errors.contains("--as-is"))
    _ = try predict([run.path, scratch.file("pictures"), "--as-is"])
  }

  @Test func showsPictureAndBars() throws {
    let run = try scene.train(["--model", "linear", "--max-steps", "20"])
    try scratch.writeDigits(3, of: scene.data, to: "shown")
    let result = try predict([run.path, scratch.file("shown")])
    #expect(result.output.contains("█") && result.output.contains("%") && result.output.contains("labelled"))
    let json = try predict([run.path, scratch.file("shown"), "--json"]).output.split(separator: "\n")
    try #require(json.count == 3)
    for line in json {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect((object?["probabilities"] as? [Double])?.count == 10 && object?["label"] is Int)
    }
  }

  @Test func whatCannotBeReadIsNamed() throws {
    let run = try scene.train(["--model", "linear", "--max-steps", "0"])
    try scratch.writeDigits(1, of: scene.data, to: "mixed")
    try scratch.write(Data("<html>".utf8), to: "mixed/page.png")
    let result = try predict(
      [run.path, scratch.file("mixed"), scratch.file("absent.png"), "--csv"], status: 65)
    #expect(answers(result.output).count == 1)
    #expect(
      result.errors.contains("page.png: expected a PNG or JPEG picture")
        && result.errors.contains("absent.png"))
    #expect(try predict([run.path], status: 64).errors.contains("expected pictures, or --index N"))
    // The run knows its data.
    let own = try predict([run.path, "--index", "3,7", "--csv"])
    let given = try predict([run.path, "--data", scene.data, "--index", "3,7", "--csv"])
    #expect(own.output == given.output)
    #expect(
      try predict([run.path, "--data", scene.data], status: 64).errors.contains("--data: expected --index"))
    let beyond = try predict([run.path, "--data", scene.data, "--index", "300"], status: 64)
    #expect(beyond.errors.contains("--index: expected numbers from 0 to 299, found 300"))
  }
}
