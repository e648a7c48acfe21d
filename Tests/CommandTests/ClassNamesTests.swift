import Foundation
import Testing

/// Classes that have names: a dataset of other classes than the model's, or of some of them.
@Suite struct ClassNamesTests {
  let scene: TrainingScene
  var scratch: TemporaryDirectory { scene.scratch }

  init() throws { scene = try TrainingScene() }

  /// Digits in folders named after them, in halves of equal pictures; `numbers` are those of a dataset.
  private func imported(_ numbers: Range<Int>, renamed: [Int: String] = [:], to name: String) throws -> String
  {
    try scratch.writeDigits(300, of: scene.data, to: "all")
    for number in numbers {
      for half in ["train", "test"] {
        let folder = scratch.file("\(name)-tree/\(half)")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try FileManager.default.copyItem(
          atPath: scratch.file("all/\(number)"), toPath: "\(folder)/\(renamed[number] ?? "digit \(number)")")
      }
    }
    let result = try scene.imported("\(name)-tree", to: name)
    #expect(result.output.contains("in \(numbers.count) classes"), "\(result.output)")
    return scratch.file(name)
  }

  @Test func samplesAreMatchedByName() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "30"], data: imported(0..<10, to: "whole"))
    let some = try imported(5..<9, to: "some")
    for ranks in [nil, 2] {
      let result = try lockstep(["evaluate", run.path, "--data", some, "--json"], ranks: ranks)
      try #require(result.status == 0, "\(result.errors)")
      let report = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      let classes = try #require(report["per_class"] as? [[String: Any]])
      #expect(classes.map { ($0["samples"] as? Int ?? 0) > 0 } == (0..<10).map { 5..<9 ~= $0 })
      #expect(try #require(report["accuracy"] as? Double) > 0.8)
    }
    let predicted = try lockstep(["predict", run.path, "--data", some, "--index", "0-9", "--csv"])
    for line in predicted.output.split(separator: "\n").dropFirst() {
      #expect(["5", "6", "7", "8"].contains(line.split(separator: ",")[2]), "\(line)")
    }
  }

  @Test func otherClassesAreRefused() throws {
    let run = try scene.train(["--model", "linear", "--max-steps", "1"], data: imported(0..<4, to: "whole"))
    let other = try imported(2..<4, renamed: [3: "letter b"], to: "other")
    for arguments in [
      ["evaluate", run.path, "--data", other], ["predict", run.path, "--data", other, "--index", "0"],
    ] {
      let result = try lockstep(arguments)
      #expect(result.status == 65, "\(result.output)")
      #expect(
        result.errors.contains("expected classes of the model: digit 0, digit 1, digit 2, digit 3")
          && result.errors.contains("samples of 'letter b'"), "\(result.errors)")
    }
  }
}
