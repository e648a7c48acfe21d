import Foundation
import Testing

/// "It is bad because": what the run says at its end, and its report.
@Suite struct BadRunTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// Trains quietly; the warnings, which are also in the report.
  private func warnings(_ arguments: [String], data: String? = nil, ranks: Int? = nil) throws -> [String] {
    let run = try scene.train(arguments + ["--quiet"], data: data, ranks: ranks)
    let page = String(decoding: try run.file("report.html"), as: UTF8.self)
    let warnings = run.result.errors.split(separator: "\n").map {
      String($0).replacing("lockstep: warning: ", with: "")
    }
    #expect(warnings.allSatisfy { page.contains("It is bad because: \($0)") }, "\(warnings)")
    return warnings
  }

  @Test(arguments: [nil, 3]) func aRateThatReachesNothing(ranks: Int?) throws {
    let found = try warnings(["--hidden", "32", "--epochs", "2", "--lr", "1e-8"], ranks: ranks)
    #expect(
      found.count == 1 && found[0].contains("the learning rate (1e-08) has reached nothing"), "\(found)")
  }

  @Test func aRateThatIsTooHigh() throws {
    let found = try warnings(["--hidden", "32", "--epochs", "3", "--lr", "1.5"])
    #expect(
      found.count == 1 && found[0].contains("chance (10.00%")
        && found[0].contains("lower the learning rate (1.5)"),
      "\(found)")
  }

  @Test func aBatchLargerThanTheData() throws {
    let found = try warnings(["--model", "linear", "--epochs", "2", "--batch-size", "4000"])
    #expect(found.count == 1 && found[0].contains("larger than the 2000 training samples"), "\(found)")
  }

  /// Labels moved to the next sample.
  @Test func shuffledLabels() throws {
    let data = scene.scratch.file("shuffled")
    try FileManager.default.copyItem(atPath: scene.data, toPath: data)
    let path = try #require(
      try FileManager.default.contentsOfDirectory(atPath: data).first { $0.hasPrefix("train-labels") })
    var labels = Array(try Data(contentsOf: URL(fileURLWithPath: "\(data)/\(path)")))
    var state = UInt64(1)
    for index in stride(from: labels.count - 1, to: 8, by: -1) {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      labels.swapAt(index, 8 + Int(state >> 33) % (index - 7))
    }
    try Data(labels).write(to: URL(fileURLWithPath: "\(data)/\(path)"))
    for arguments in [["--hidden", "64", "--epochs", "30"], ["--model", "linear", "--epochs", "3"]] {
      let found = try warnings(arguments, data: data)
      #expect(found.count == 1 && found[0].contains("look shuffled"), "\(arguments): \(found)")
    }
  }

  /// Of class 2 there is one among a hundred, in the midst of another.
  @Test func aClassThatIsNeverPredicted() throws {
    let csv = scene.scratch.file("few.csv")
    var lines = ["label,a,b"]
    for sample in 0..<6000 {
      let label = sample % 100 == 0 ? 2 : sample % 2
      lines.append("\(label),\(label == 1 ? 200 : 20 + sample % 7),\(label == 1 ? 30 : 180 + sample % 5)")
    }
    try lines.joined(separator: "\n").write(toFile: csv, atomically: false, encoding: .utf8)
    _ = try scene.imported("few.csv", ["--test-split", "0.3"], to: "few")
    let found = try warnings(["--model", "linear", "--epochs", "4"], data: scene.scratch.file("few"))
    #expect(found.contains { $0.contains("class 2 is never predicted") }, "\(found)")
  }

  @Test func aGoodRunSaysNothing() throws {
    #expect(try warnings(["--model", "linear", "--epochs", "3"]).isEmpty)
  }
}
