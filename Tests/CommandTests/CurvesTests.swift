import Foundation
import Testing

/// `curves` and `metrics`: what a run's log shows, also of one that still trains or was stopped.
@Suite struct CurvesTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func shown(_ arguments: [String], ranks: Int? = nil) throws -> String {
    let result = try lockstep(arguments, ranks: ranks)
    try #require(result.status == 0 && result.errors == "", "\(result.errors)")
    return result.output
  }

  @Test func lossAndAccuracyOfARun() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "3", "--validation-split", "0.2"])
    let text = try shown(["curves", run.path])
    let rows = text.split(separator: "\n", omittingEmptySubsequences: false)
    // All but the last, which has the run's name.
    #expect(rows.dropLast(2).allSatisfy { $0.count <= 80 } && !text.contains("\u{1B}"))
    #expect(rows.contains("loss") && rows.contains("accuracy") && text.contains("epoch 1"))
    for part in ["training", "validation", "test"] { #expect(text.contains(" \(part)\n"), "\(text)") }
    // The highest and the lowest of the three, by the log.
    let epochs = try run.events("epoch")
    let losses = epochs.flatMap { epoch in
      ["train_loss", "validation_loss", "test_loss"].compactMap { epoch[$0] as? Double }
    }
    #expect(text.contains(String(format: "%.4f ┤", losses.max()!)), "\(text)")
    #expect(text.contains(String(format: "%.4f ┤", losses.min()!)), "\(text)")
    let accuracy = try #require(epochs.last?["test_accuracy"] as? Double)
    #expect(text.contains("epoch 3 of 3") && text.contains(String(format: "test %.2f%%\n", 100 * accuracy)))
    #expect(try shown(["curves", run.path], ranks: 3) == text)
  }

  @Test func severalRunsInOnePlot() throws {
    let slow = try scene.train(["--model", "linear", "--epochs", "2", "--lr", "0.001"])
    let fast = try scene.train(["--model", "linear", "--epochs", "3"])
    let text = try shown(["curves", slow.path, fast.path])
    #expect(text.contains("test loss\n") && text.contains("test accuracy\n"))
    let names = [slow, fast].map { $0.path.split(separator: "/").last! }
    for (name, epoch) in zip(names, ["epoch 2 of 2", "epoch 3 of 3"]) {
      #expect(text.contains("\(name): \(epoch)"), "\(text)")
    }
  }

  /// Before the second epoch the loss of single batches.
  @Test func aRunOfSomeSteps() throws {
    let run = try scene.train(["--model", "linear", "--max-steps", "6", "--log-every", "2"])
    let text = try shown(["curves", run.path])
    #expect(
      text.hasPrefix("loss of single batches\n") && text.contains("step 2")
        && text.contains("no epoch is over"))
    let quiet = try scene.train(["--model", "linear", "--max-steps", "6"])
    #expect(try shown(["curves", quiet.path]).hasSuffix(": no epoch is over, step 6\n"))
  }

  @Test func tables() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "2", "--log-every", "5"])
    let table = try shown(["metrics", run.path, "--csv", "--event", "epoch"]).split(separator: "\n")
    #expect(table.count == 3 && table[0].hasPrefix("event,epoch,step,train_loss,train_accuracy,"))
    let columns = table[0].split(separator: ",").map(String.init)
    // Foundation's parser of numbers is not exact: the digits are compared.
    let log = String(decoding: try run.file("metrics.jsonl"), as: UTF8.self).split(separator: "\n")
    for (row, line) in zip(table.dropFirst(), log.filter { $0.hasPrefix(#"{"event":"epoch""#) }) {
      let fields = row.split(separator: ",", omittingEmptySubsequences: false)
      for (name, field) in zip(columns, fields) where !["event", "weights"].contains(name) {
        #expect(line.contains("\"\(name)\":\(field),") || line.hasSuffix("\"\(name)\":\(field)}"), "\(name)")
      }
    }
    let all = try shown(["metrics", run.path, "--csv"]).split(separator: "\n")
    #expect(all.count == 1 + (try run.metrics.count))
  }

  @Test func whatIsNoRun() throws {
    for arguments in [["curves", scene.data], ["metrics", scene.data, "--csv"]] {
      let result = try lockstep(arguments)
      #expect(result.status == 65 && result.errors.contains("expected a run, which has a metrics.jsonl"))
    }
    #expect(try lockstep(["curves"]).status == 64)
    let run = try scene.train(["--model", "linear", "--max-steps", "1"])
    #expect(try lockstep(["metrics", run.path]).errors.contains("Give --csv"))
    let other = try lockstep(["metrics", run.path, "--csv", "--event", "epochs"])
    #expect(other.status == 65 && other.errors.contains("events of kind 'epochs'"), "\(other.errors)")
  }

  /// A directory that cannot be: no run is begun, so that a second try finds its place free.
  @Test func noEventsForTensorBoard() throws {
    let (output, file) = (scene.scratch.file("run"), try scene.file("file", ""))
    let train = [
      "train", "--data", scene.data, "--output", output, "--model", "linear", "--max-steps", "1",
      "--tensorboard",
    ]
    let refused = try lockstep(train + [file + "/logs"])
    #expect(refused.status == 1 && refused.errors.contains("--tensorboard"), "\(refused.errors)")
    #expect(try lockstep(train + [scene.scratch.file("logs")]).status == 0)
  }

  /// What TensorBoard reads of it is tried by scripts/test-python.
  @Test(arguments: [nil, 2]) func eventsForTensorBoard(ranks: Int?) throws {
    let logs = scene.scratch.file("logs")
    let plain = try scene.train(["--model", "linear", "--epochs", "2"])
    let run = try scene.train(["--model", "linear", "--epochs", "2", "--tensorboard", logs], ranks: ranks)
    #expect(run.digest == plain.digest)
    let names = try FileManager.default.contentsOfDirectory(atPath: logs)
    try #require(names.count == 1 && names[0].hasPrefix("events.out.tfevents."))
    let file = try scene.scratch.data("logs/\(names[0])")
    for tag in ["loss/train", "loss/test", "accuracy/test", "learning_rate"] {
      #expect(file.range(of: Data(tag.utf8)) != nil, "\(tag)")
    }
  }
}
