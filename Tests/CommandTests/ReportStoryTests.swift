import Foundation
import Testing

/// What a report says of weights that were kept, of trainings that were cut, and of runs that do not compare.
@Suite struct ReportStoryTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func page(_ run: TrainingRun) throws -> String {
    String(decoding: try run.file("report.html"), as: UTF8.self)
  }

  private func story(_ run: TrainingRun) throws -> String {
    try String(#require(try page(run).firstMatch(of: /class="story">([^<]*)</)).1)
  }

  private func comparison(_ runs: [TrainingRun]) throws -> String {
    let file = scene.scratch.file("several.html")
    #expect(try lockstep(["report"] + runs.map(\.path) + ["--output", file]).status == 0)
    return try String(contentsOfFile: file, encoding: .utf8)
  }

  /// All figures are those of the epoch whose weights are kept.
  @Test func theBestEpoch() throws {
    let run = try scene.train([
      "--hidden", "64", "--lr", "0.1", "--epochs", "12", "--validation-split", "0.3", "--keep-best",
      "--quiet",
    ])
    let log = String(decoding: try run.file("metrics.jsonl"), as: UTF8.self)
    let best = try #require(log.firstMatch(of: /"event":"kept_best","epoch":([0-9]+)/)).1
    try #require(best != "12")
    let line = try #require(
      log.split(separator: "\n").first { $0.hasPrefix(#"{"event":"epoch","epoch":\#(best),"#) })
    let accuracy = try #require(line.firstMatch(of: /"train_accuracy":([0-9.]+)/)).1
    let training = String(format: "%.2f%%", 100 * (try #require(Double(accuracy))))
    let page = try page(run)
    #expect(page.contains("<dt>training accuracy</dt><dd>\(training)</dd>"), "\(training)")
    #expect(
      try story(run).contains("The weights are those of epoch \(best), of the smallest validation loss."))
    let several = try comparison([run, run])
    #expect(several.contains("12, \(best) kept"))
  }

  @Test func theEndThatWasAskedFor() throws {
    let short = try scene.train(["--model", "linear", "--epochs", "3", "--max-steps", "20", "--quiet"])
    #expect(try story(short).hasPrefix("Trained 0 of 3 epochs, 20 steps, as many as --max-steps asks for."))
    let one = try scene.train(["--model", "linear", "--epochs", "1", "--quiet"])
    #expect(try story(one).hasPrefix("Trained 1 of 1 epoch, 32 steps."))
    let patient = try scene.train([
      "--model", "linear", "--lr", "0.8", "--epochs", "30", "--validation-split", "0.3", "--patience", "2",
      "--quiet",
    ])
    let text = try story(patient)
    #expect(
      text.hasPrefix("Stopped early after") && !text.contains("onverged") && !text.contains("may help"),
      "\(text)")
  }

  /// What is said of a training that comes to little is not taken back beside it.
  @Test func aFindingIsNotContradicted() throws {
    let run = try scene.train(["--hidden", "32", "--epochs", "3", "--lr", "1.5", "--quiet"])
    #expect(try page(run).contains("It is bad because"))
    let text = try story(run)
    #expect(!text.contains("onverged") && !text.contains("Overfitting"), "\(text)")
    // Also where nobody has looked at the model.
    let slow = try scene.train(["--hidden", "32", "--epochs", "2", "--lr", "1e-8", "--quiet"])
    let several = try comparison([run, slow])
    #expect(
      several.contains("the learning rate (1e-08) has reached nothing") && !several.contains("onverged"))
  }

  @Test func whatDoesNotCompare() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "1", "--quiet"])
    #expect(try comparison([run, run]).contains("All have the same test accuracy"))
    let other = scene.scratch.file("other")
    #expect(
      try lockstep(["synthesize", "--output", other, "--train", "300", "--test", "50", "--seed", "9"]).status
        == 0)
    let stranger = try scene.train(["--model", "linear", "--epochs", "1", "--quiet"], data: other)
    let page = try comparison([run, stranger])
    #expect(page.contains("Their data differ") && !page.contains("The highest"))
  }
}
