import Foundation
import Testing

/// `evaluate --predictions`: one class a test sample, in order, whoever computed it.
@Suite struct PredictionsTests {
  @Test func areTheHits() throws {
    let scene = try TrainingScene()
    let run = try scene.train(["--epochs", "1"])
    var files: [String] = []
    for ranks in [nil, 3] as [Int?] {
      let path = scene.scratch.file("predictions-\(ranks ?? 1)")
      let result = try lockstep(
        ["evaluate", run.path, "--data", scene.data, "--predictions", path], ranks: ranks)
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output == "dataset \(scene.data)\n\(run.accuracyLine)\n")
      files.append(try String(contentsOfFile: path, encoding: .utf8))
    }
    #expect(files[0] == files[1])
    let predicted = files[0].split(separator: "\n").compactMap { UInt8($0) }
    let labels = try Data(contentsOf: URL(fileURLWithPath: scene.data + "/t10k-labels-idx1-ubyte")).dropFirst(
      8)
    #expect(predicted.count == 300)
    #expect(run.accuracyLine.contains("(\(zip(predicted, labels).count { $0 == $1 })/300)"))
  }

  @Test func aPathThatCannotBeWrittenIsNamed() throws {
    let scene = try TrainingScene()
    let run = try scene.train(["--max-steps", "0"])
    let result = try lockstep(
      ["evaluate", run.path, "--data", scene.data, "--predictions", run.path + "/config.yaml/file"])
    #expect(result.status == 1)
    #expect(result.errors.contains("config.yaml/file: ") && result.errors.contains("Not a directory"))
    #expect(
      result.errors.contains("--predictions") && !result.errors.contains("--output"), "\(result.errors)")
  }

  /// What is open already is written to where it stands: the accuracy follows in the same file.
  @Test(arguments: [nil, 2]) func toStandardOutput(ranks: Int?) throws {
    let scene = try TrainingScene()
    let run = try scene.train(["--max-steps", "5"])
    let result = try lockstep(
      ["evaluate", run.path, "--data", scene.data, "--predictions", "/dev/stdout"], ranks: ranks)
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 302 && lines.prefix(300).allSatisfy { (0...9).contains(Int($0) ?? -1) })
    #expect(result.output.hasSuffix("\ndataset \(scene.data)\n\(run.accuracyLine)\n"))
  }
}
