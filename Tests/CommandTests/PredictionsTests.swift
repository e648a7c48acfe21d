import Foundation
import Testing

/// `evaluate --predictions` writes to whatever the path is, or says why it cannot. What it writes is a matter of
/// `EvaluateTests`.
@Suite struct PredictionsTests {
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

  /// The file is written while ranks compute: none waits for one that has failed.
  @Test(arguments: [nil, 3]) func aFullDisk(ranks: Int?) throws {
    let scene = try TrainingScene()
    let run = try scene.train(["--max-steps", "5"])
    let result = try lockstep(
      ["evaluate", run.path, "--data", scene.data, "--predictions", "/dev/full"], ranks: ranks)
    #expect(result.status == 1 && result.output.isEmpty)
    #expect(
      result.errors.contains("/dev/full: expected to write the file")
        && result.errors.contains("choose another --predictions"), "\(result.errors)")
  }

  /// What is open already is written to where it stands: the accuracy follows in the same file.
  @Test(arguments: [nil, 2]) func toStandardOutput(ranks: Int?) throws {
    let scene = try TrainingScene()
    let run = try scene.train(["--max-steps", "5"])
    let result = try lockstep(
      ["evaluate", run.path, "--data", scene.data, "--predictions", "/dev/stdout"], ranks: ranks)
    #expect(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines[0] == "predicted,label,p0,p1,p2,p3,p4,p5,p6,p7,p8,p9")
    #expect(lines[1...300].allSatisfy { (0...9).contains(Int($0.prefix { $0 != "," }) ?? -1) })
    #expect(lines[301].hasPrefix("class "))
    #expect(result.conclusion == "dataset \(scene.data)\n\(run.accuracyLine)\n")
  }
}
