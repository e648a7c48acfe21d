import Foundation
import Testing

/// `scripts/reproduce`: a line a seed and the mean; what is stopped or killed goes on to the same lines.
@Suite struct ReproduceTests {
  let scene: TrainingScene
  private let output: String

  init() throws {
    scene = try TrainingScene()
    output = scene.scratch.file("runs")
    try write(epochs: 3)
  }

  private func write(epochs: Int) throws {
    _ = try scene.file("small.yaml", "model: linear\nepochs: \(epochs)\nbatch-size: 20\n")
  }

  /// Runs the script, by default with the seeds 1 and 2 of small.yaml.
  private func reproduce(
    _ arguments: [String] = ["--seeds", "2", "small.yaml"], output: String? = nil, data: String? = nil,
    environment: [String: String] = [:], status: Int32 = 0
  ) throws -> CommandResult {
    let fixed = ["LOCKSTEP": Repository.lockstep, "LOCKSTEP_DATA": data ?? scene.data, "NP": "1"]
    let result = try Launch.takingTurns {
      try run(
        Repository.root + "/scripts/reproduce", ["--output", output ?? self.output] + arguments,
        environment: Launch.environment(ranks: 2).merging(fixed) { $1 }.merging(environment) { $1 },
        directory: scene.scratch.path)
    }
    try #require(result.status == status, "\(result.errors)\(result.output)")
    return result
  }

  /// The rows after the head, as cells without the seconds.
  private func rows(_ result: CommandResult) -> [[String]] {
    result.output.split(separator: "\n").dropFirst(2).map { line in
      line.split(separator: "|").dropLast().map { $0.trimmingCharacters(in: .whitespaces) }
    }
  }

  /// The folders of runs, and the runs of each.
  private var folders: [[String]] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: output).sorted().map {
        try FileManager.default.contentsOfDirectory(atPath: "\(output)/\($0)").sorted()
      }
    }
  }

  private func file(_ name: String, ofSeed seed: Int) throws -> String {
    let folder = try FileManager.default.contentsOfDirectory(atPath: output)[0]
    return "\(output)/\(folder)/\(seed)/\(name)"
  }

  @Test func aLineASeedAndTheMean() throws {
    let rows = try rows(reproduce(["--seeds", "3", "small.yaml", "softmax-regression"]))
    #expect(rows.map { $0[1] } == ["1", "2", "3", "mean of 3", "1", "2", "3", "mean of 3"])
    #expect(rows[4...].allSatisfy { $0[0] == "softmax-regression" })
    var correct: [Double] = []
    for seed in 1...3 {
      let run = try scene.train(["--recipe", scene.scratch.file("small.yaml"), "--seed", "\(seed)"])
      let end = try #require(try run.events("end").last)
      let accuracy = try #require(end["test_accuracy"] as? Double)
      correct.append(100 * accuracy)
      let expected = [
        "small", "\(seed)", String(format: "%.2f%%", 100 * accuracy),
        String(format: "%.4f", try #require(end["test_loss"] as? Double)),
      ]
      #expect(rows[seed - 1] == expected)
    }
    let mean = correct.reduce(0, +) / 3
    let deviation = (correct.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
    let spread = String(format: "%.3f, %.2f to %.2f", deviation, correct.min()!, correct.max()!)
    #expect(
      rows[3].prefix(3) == ["small", "mean of 3", String(format: "%.3f%%", mean) + " (deviation \(spread))"])
  }

  @Test func onRanksTheSame() throws {
    let two = try reproduce(environment: ["NP": "2"])
    #expect(try rows(two) == rows(reproduce(output: scene.scratch.file("alone"))))
  }

  /// By a signal in the first seed's 250th step of 300: a request to stop, which leaves a checkpoint of it, or
  /// SIGKILL, after which there may be one of an epoch before.
  @Test(arguments: [("10", 75), ("9", 137)] as [(String, Int32)])
  func goesOn(signal: String, status: Int32) throws {
    let whole = try reproduce(output: scene.scratch.file("whole"))
    let fault = ["LOCKSTEP_FAULT_SIGNAL": signal + ":250"]
    let stopped = try reproduce(environment: fault, status: status)
    #expect(rows(stopped) == [], "\(stopped.output)")
    #expect(try folders == [["1"]])
    let resumed = try reproduce()
    #expect(rows(resumed) == rows(whole))
    let metrics = try String(contentsOfFile: file("metrics.jsonl", ofSeed: 1), encoding: .utf8)
    if status == 75 { #expect(metrics.contains(#""event":"resume","epoch":3,"step":250,"#)) }
    // What is finished is not trained again: times are those of before, and no checkpoints are left.
    #expect(try reproduce().output == resumed.output)
    #expect(try !FileManager.default.fileExists(atPath: file("checkpoints", ofSeed: 1)))
  }

  /// A run that has all but its receipt is not finished, whatever else it has.
  @Test func whatHasNoReceiptIsNotFinished() throws {
    let before = try reproduce()
    for name in ["receipt.json", "model.safetensors"] {
      try FileManager.default.removeItem(atPath: file(name, ofSeed: 2))
    }
    let metrics = try file("metrics.jsonl", ofSeed: 2)
    try String(contentsOfFile: metrics, encoding: .utf8).dropLast(40)
      .write(toFile: metrics, atomically: false, encoding: .utf8)
    #expect(try rows(reproduce()) == rows(before))
  }

  /// Each has a folder of its own: what was there before counts when it is as before.
  @Test func anotherRecipeAndOtherDataAreNotMixed() throws {
    let before = try reproduce()
    try write(epochs: 1)
    let shorter = try reproduce()
    #expect(rows(shorter) != rows(before))
    #expect(try rows(shorter) == rows(reproduce(output: scene.scratch.file("shorter"))))
    try write(epochs: 3)
    let data = scene.scratch.file("other")
    _ = try lockstep(["synthesize", "--output", data, "--train", "2000", "--test", "300", "--seed", "2"])
    let other = try reproduce(data: data)
    #expect(rows(other) != rows(before))
    #expect(try reproduce().output == before.output)
    #expect(try folders == [["1", "2"], ["1", "2"], ["1", "2"]])
  }

  @Test func aRunOfAnotherRecipeAmongThemIsRefused() throws {
    _ = try reproduce()
    let config = try file("config.yaml", ofSeed: 2)
    try String(contentsOfFile: config, encoding: .utf8)
      .replacingOccurrences(of: "epochs: 3", with: "epochs: 4")
      .write(toFile: config, atomically: false, encoding: .utf8)
    #expect(try reproduce(status: 1).errors.contains("/2 is of another recipe or of other data"))
  }

  @Test(arguments: [
    (["--seeds", "0"], "found '0'"), (["--seeds"], "found ''"), (["--output"], "expected a directory"),
    (["absent.yaml"], "no recipe 'absent.yaml'"), (["mlp-521"], "or a file .yaml"),
  ]) func saysWhatItNeeds(arguments: [String], told: String) throws {
    let result = try reproduce(arguments, status: 64)
    #expect(result.errors.contains(told) && result.output == "", "\(result.errors)")
  }

  @Test func needsTestFiles() throws {
    for name in ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
      try FileManager.default.removeItem(atPath: "\(scene.data)/\(name)")
    }
    let result = try reproduce(status: 1)
    #expect(result.errors.contains("these data have no test files"), "\(result.errors)")
  }
}
