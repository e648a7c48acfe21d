import Foundation
import LockstepCore
import Testing

@Suite struct MetricsLogTests {
  /// Every event of a short run, also as the log's lines.
  private func run(logEvery: Int = 2) throws -> (events: [TrainingEvent], lines: [[String: Any]]) {
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize, recipe.validationSplit) = ([5], 2, 10, 0.2)
    let trainer = try Trainer(
      recipe: recipe, dataset: try formulaDataset(samples: 50, features: 13, classes: 3),
      collective: SingleProcess(), team: try ThreadTeam(count: 1))
    let recorder = Recorder()
    _ = try trainer.train(observer: recorder)
    return (recorder.events, try write(recorder.events, logEvery: logEvery))
  }

  private func write(_ events: [TrainingEvent], logEvery: Int) throws -> [[String: Any]] {
    let directory = try TemporaryDirectory()
    let log = try MetricsLog(path: directory.path + "/metrics.jsonl", logEvery: logEvery)
    for event in events { try log.observe(event) }
    let text = try String(contentsOfFile: directory.path + "/metrics.jsonl", encoding: .utf8)
    #expect(text.isEmpty || text.hasSuffix("\n"))
    return try text.split(separator: "\n").map {
      try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  @Test func everyEventIsALine() throws {
    let (_, lines) = try run()
    #expect(
      lines.map { $0["event"] as? String } == [
        "start", "step", "step", "epoch", "step", "step", "epoch", "end",
      ])
    #expect(lines.filter { $0["event"] as? String == "step" }.map { $0["step"] as? Int } == [2, 4, 6, 8])
    #expect(try run(logEvery: 0).lines.count == 4)
  }

  /// A watch may have noted it before the error comes that it causes.
  @Test func onlyTheFirstFailureIsNoted() throws {
    let directory = try TemporaryDirectory()
    let log = try MetricsLog(path: directory.path + "/metrics.jsonl", logEvery: 0)
    try log.noteFailure(step: 7, layer: nil, reason: "rank 1 is lost")
    try log.noteFailure(step: 7, layer: nil, reason: "a collective call failed")
    let text = try String(contentsOfFile: directory.path + "/metrics.jsonl", encoding: .utf8)
    #expect(text.contains("rank 1 is lost") && text.split(separator: "\n").count == 1, "\(text)")
  }

  /// The names are a contract.
  @Test func epochsHaveTheirKeys() throws {
    let (events, lines) = try run()
    let epoch = try #require(lines.first { $0["event"] as? String == "epoch" })
    #expect(
      Set(epoch.keys) == [
        "event", "epoch", "step", "train_loss", "train_accuracy", "validation_loss", "validation_accuracy",
        "test_loss", "test_accuracy", "learning_rate", "weights", "seconds", "samples_per_second",
      ])
    guard case .epoch(let report)? = events.first(where: { if case .epoch = $0 { true } else { false } })
    else {
      Issue.record("no epoch")
      return
    }
    // JSONSerialization is not exact to the last bit.
    #expect(abs((epoch["train_loss"] as? Double ?? 0) - report.trainLoss) < 1e-12)
    #expect(epoch["test_accuracy"] as? Double == report.test.accuracy)
    #expect(epoch["epoch"] as? Int == 1)
    #expect((lines.last?["weights"] as? String)?.utf8.count == 16)
  }

  /// JSON has no NaN and no infinity.
  @Test func whatIsNoNumberIsNull() throws {
    let (events, _) = try run()
    guard case .step(var report)? = events.first(where: { if case .step = $0 { true } else { false } }) else {
      Issue.record("no step")
      return
    }
    report.loss = .nan
    report.learningRate = .infinity
    let line = try #require(write([.step(report)], logEvery: 1).first)
    #expect(line["train_loss"] is NSNull)
    #expect(line["learning_rate"] is NSNull)
  }

  @Test func namesAreEscaped() throws {
    let (events, _) = try run()
    guard case .start(var start) = events[0] else {
      Issue.record("no start")
      return
    }
    start.dataset = "a\"b\\c\nd\u{1}e/é\t\u{7F}"
    #expect(try write([.start(start)], logEvery: 1).first?["dataset"] as? String == start.dataset)
  }

  @Test func aPathThatCannotBeWrittenIsNamed() throws {
    let directory = try TemporaryDirectory()
    let error = #expect(throws: LockstepError.self) { try MetricsLog(path: directory.path, logEvery: 1) }
    #expect(error?.subject == directory.path)
    #expect(throws: LockstepError.self) { try MetricsLog(path: directory.path + "/a/b", logEvery: 1) }
  }
}
