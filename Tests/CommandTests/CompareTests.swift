import Foundation
import Testing

/// `compare`: whether two runs are the same, and where they part.
@Suite struct CompareTests {
  let scene: TrainingScene
  private let options = ["--hidden", "10", "--epochs", "3", "--keep", "1"]

  init() throws { scene = try TrainingScene() }

  private func compared(_ first: TrainingRun, _ second: TrainingRun, ranks: Int? = nil, status: Int32 = 1)
    throws
    -> CommandResult
  {
    let result = try lockstep(["compare", first.path, second.path], ranks: ranks)
    try #require(result.status == status, "\(result.errors)\(result.output)")
    return result
  }

  @Test func equalRuns() throws {
    let first = try scene.train(options)
    let second = try scene.train(options, ranks: 3)
    #expect(try compared(first, second, status: 0).output == "equal: 96 steps, weights \(first.digest)\n")
    let longer = try scene.train(options + ["--epochs", "4"])
    let digest = try #require(try longer.events("epoch")[2]["weights"] as? String)
    #expect(try compared(first, longer, status: 0).output.contains("to step 96, weights \(digest)"))
    let stopped = try scene.train(options)
    try FileManager.default.removeItem(atPath: stopped.path + "/receipt.json")
    #expect(try compared(first, stopped, status: 0).output.contains("equal as far as both go: to step 96"))
  }

  /// From the first step on, and by other numbers of ranks.
  @Test(arguments: [nil, 1, 2, 3, 4, 7]) func anotherRate(ranks: Int?) throws {
    let result = try compared(scene.train(options), scene.train(options + ["--lr", "0.03"]), ranks: ranks)
    let lines = result.output.split(separator: "\n")
    #expect(lines[0] == "recipe: lr 0.02 and 0.03")
    #expect(lines[1].hasPrefix("epoch 1: weights "))
    #expect(lines[2].hasPrefix("after step 1 (epoch 1, step 1 of it): layers."), "\(result.output)")
    #expect(lines[2].hasSuffix("; 4 of 4 tensors differ; learning rates 0.02 and 0.03"))
    #expect(result.errors.contains("expected the same bits, found two runs that part in step 1"))
  }

  /// A schedule that leaves the first epoch alone: from kept checkpoints, or from the start, to the same step.
  @Test(arguments: [false, true]) func aLaterStep(keeps: Bool) throws {
    let more = ["--schedule", "step", "--milestones", "1", "--gamma"]
    let kept = keeps ? ["--keep-epochs"] : []
    let first = try scene.train(options + more + ["0.5"] + kept)
    let second = try scene.train(options + more + ["0.25"] + kept)
    let result = try compared(first, second)
    #expect(result.output.contains("epoch 2: weights "), "\(result.output)")
    #expect(result.output.contains(", the same until then"))
    #expect(result.output.contains("after step 33 (epoch 2, step 1 of it)"), "\(result.output)")
    #expect(result.output.contains("learning rates 0.01 and 0.005"))
  }

  @Test func otherDataAndOtherNetworks() throws {
    let other = scene.scratch.file("other")
    let drawn = try lockstep([
      "synthesize", "--output", other, "--train", "2000", "--test", "300", "--seed", "2",
    ])
    try #require(drawn.status == 0)
    let data = try compared(scene.train(options), scene.train(options, data: other))
    #expect(data.output.contains("data: ") && data.output.contains("other test-images"), "\(data.output)")
    #expect(data.output.contains("after step 1 "))
    let wide = try compared(scene.train(options), scene.train(options + ["--hidden", "11"]))
    #expect(wide.output.contains("recipe: hidden 10 and 11"), "\(wide.output)")
    #expect(wide.output.contains("the networks have other tensors"))
  }

  /// With the same inputs one of them is not what these give.
  @Test func aRecordThatIsWrong() throws {
    let (first, second) = (try scene.train(options), try scene.train(options))
    let digest = try #require(try first.events("epoch")[1]["weights"] as? String)
    let path = second.path + "/receipt.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try text.replacing(digest, with: "0123456789abcdef").write(
      toFile: path, atomically: false, encoding: .utf8)
    let result = try compared(first, second)
    #expect(result.output.contains("recomputed, epoch 2 gives weights \(digest), as \(first.path) records"))
    #expect(result.output.contains("\(second.path) is not what its recipe gives"))
    #expect(result.errors.contains("with --trace-gradients 33-64: diff of the two"), "\(result.errors)")
  }

  /// Whose bits depend on the ranks: none of them is wrong.
  @Test func fastRuns() throws {
    let fast = options + ["--reduction", "fast"]
    let result = try compared(scene.train(fast), scene.train(fast, ranks: 3))
    #expect(result.output.contains("with --reduction fast, bits depend on ranks"), "\(result.output)")
    #expect(!result.output.contains("not what its recipe gives"))
  }

  @Test func whatIsNoRun() throws {
    let run = try scene.train(options)
    let result = try lockstep(["compare", run.path, scene.data])
    #expect(result.status == 65 && result.errors.contains("expected a run"), "\(result.errors)")
  }
}
