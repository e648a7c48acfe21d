import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// `report`, the page that `train` leaves, and what both say of trainings that come to little.
@Suite struct ReportTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private static let linear = ["--model", "linear", "--epochs", "2", "--quiet"]

  private func page(_ run: TrainingRun) throws -> String {
    String(decoding: try run.file("report.html"), as: UTF8.self)
  }

  /// Well-formed, and with nothing from elsewhere.
  private func requireWhole(_ page: String) throws {
    let parser = XMLParser(data: Data(page.utf8))
    #expect(parser.parse(), "line \(parser.lineNumber): \(String(describing: parser.parserError))")
    for match in page.matches(of: /(?:src|href)="([^"]*)"/) {
      #expect(match.1.hasPrefix("data:"), "\(match.1)")
    }
    #expect(!page.contains("url("))
  }

  @Test func trainLeavesOne() throws {
    let run = try scene.train(Self.linear + ["--validation-split", "0.1", "--augment-shift", "2"])
    let page = try page(run)
    try requireWhole(page)
    // As the log has it, to the last digit.
    let log = String(decoding: try run.file("metrics.jsonl"), as: UTF8.self)
    let loss = try #require(log.matches(of: /"validation_loss":([0-9.]+),/).last).1
    for part in [
      run.digest, "Trained 2 of 2 epochs, 58 steps.", "Confusion matrix", "The most confident mistakes",
      "The first batch, augmented", "layers.0.weight", "lockstep train --model linear --epochs 2", "<h3>Loss",
      "SHA-256 of train-images", "taken for", "[2.0,\(loss)]",
    ] { #expect(page.contains(part), "\(part)") }
    // 32 samples of the batch, 10 units, mistakes.
    #expect(page.components(separatedBy: "data:image/png;base64,").count > 43)
  }

  @Test func noReportIsNone() throws {
    let run = try scene.train(Self.linear + ["--no-report"])
    #expect(!FileManager.default.fileExists(atPath: run.path + "/report.html"))
  }

  /// Pictures and figures are those of any number of ranks; only times and machines differ.
  @Test(arguments: [1, 2, 3, 4, 7]) func theSameOnRanks(ranks: Int) throws {
    let arguments = Self.linear + ["--validation-split", "0.2"]
    let pages = try [nil, ranks].map { try page(scene.train(arguments, ranks: $0)) }
    let sections = pages.map { page in
      page.components(separatedBy: "<h2>").filter {
        ["What is", "Classes", "The most", "The first", "Weights"].contains(where: $0.hasPrefix)
      }
    }
    #expect(sections[0].count == 5)
    #expect(sections[0] == sections[1])
  }

  @Test func theCommandWritesTheSame() throws {
    let run = try scene.train(Self.linear)
    let first = try page(run)
    try FileManager.default.removeItem(atPath: run.path + "/report.html")
    let result = try lockstep(["report", run.path], ranks: 3)
    #expect(result.status == 0 && result.output == "\(run.path)/report.html\n", "\(result.errors)")
    #expect(try page(run) == first)
    // It may replace a report, but nothing else.
    #expect(try lockstep(["report", run.path]).status == 0)
    let refused = try lockstep(["report", run.path, "--output", run.path + "/config.yaml"])
    #expect(refused.status == 64 && refused.errors.contains("an earlier report"), "\(refused.errors)")
  }

  @Test func severalInOnePage() throws {
    let runs = try ["0.1", "0.001"].map { try scene.train(Self.linear + ["--lr", $0]) }
    let file = scene.scratch.file("both.html")
    let result = try lockstep(["report"] + runs.map(\.path) + ["--output", file])
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let page = try String(contentsOfFile: file, encoding: .utf8)
    try requireWhole(page)
    for run in runs { #expect(page.contains(run.digest)) }
    #expect(page.contains("Test loss") && page.contains(">lr</th>") && !page.contains(">momentum</th>"))
  }

  /// Whatever a directory is called, and whatever a damaged log has.
  @Test func namesOfOthersAreText() throws {
    let run = try scene.train(Self.linear)
    let hostile = scene.scratch.file("<script>alert(1)<")
    try FileManager.default.moveItem(atPath: run.path, toPath: hostile)
    let log = hostile + "/metrics.jsonl"
    let line = #"{"event":"error","step":3,"reason":"</p><img src=\"http://a.example/\">\u0001"}"# + "\n"
    let text = try String(contentsOfFile: log, encoding: .utf8).replacing(/\{"event":"end".*\n/, with: line)
    try text.write(toFile: log, atomically: false, encoding: .utf8)
    #expect(try lockstep(["report", hostile]).status == 0)
    let page = try String(contentsOfFile: hostile + "/report.html", encoding: .utf8)
    #expect(!page.contains("<img src=\"http") && !page.contains("<script>alert"))
    #expect(page.contains("The training failed after 2 of"))
    let parser = XMLParser(data: Data(page.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError))")
  }

  /// The page says what it lacks.
  @Test func withoutTheData() throws {
    let moved = scene.scratch.file("moved")
    let copy = scene.scratch.file("copy")
    try FileManager.default.copyItem(atPath: scene.data, toPath: copy)
    let run = try scene.train(Self.linear, data: copy)
    try FileManager.default.moveItem(atPath: copy, toPath: moved)
    // One that has pictures stays.
    let whole = try page(run)
    let kept = try lockstep(["report", run.path], ranks: 2)
    #expect(kept.status == 65 && kept.errors.contains("It is left as it is"), "\(kept.errors)")
    #expect(try page(run) == whole)
    try FileManager.default.removeItem(atPath: run.path + "/report.html")
    let result = try lockstep(["report", run.path])
    #expect(result.status == 0 && result.errors.contains("no figures of classes"), "\(result.errors)")
    #expect(try page(run).contains("There are no pictures"))
    #expect(try lockstep(["report", run.path, "--data", moved]).status == 0)
    #expect(try page(run).contains("Confusion matrix"))
    let other = scene.scratch.file("other")
    #expect(try lockstep(["synthesize", "--output", other, "--train", "50", "--test", "20"]).status == 0)
    let refused = try lockstep(["report", run.path, "--data", other])
    #expect(refused.status == 65 && refused.errors.contains("the run's data, of digest"), "\(refused.errors)")
  }

  @Test func ofAnUnfinishedRun() throws {
    let run = try scene.train(Self.linear)
    for name in ["model.safetensors", "receipt.json"] {
      try FileManager.default.removeItem(atPath: "\(run.path)/\(name)")
    }
    let log = run.path + "/metrics.jsonl"
    let text = try String(contentsOfFile: log, encoding: .utf8).replacing(/\{"event":"end".*\n/, with: "")
    try text.write(toFile: log, atomically: false, encoding: .utf8)
    #expect(try lockstep(["report", run.path]).status == 0)
    let page = try page(run)
    #expect(page.contains("Not finished: 2 of 2 epochs") && page.contains("Confusion matrix"))
    #expect(
      page.contains("--max-steps 64") && page.contains("weights \(run.digest)."), "\(page.prefix(9000))")
  }

  @Test func whatIsNoRun() throws {
    #expect(try lockstep(["report", scene.data]).status == 65)
    #expect(try lockstep(["report"]).status == 64)
    let run = try scene.train(Self.linear)
    let refused = try lockstep(["report", run.path, "--threads", "0"])
    #expect(refused.status == 64 && refused.errors.contains("threads"), "\(refused.errors)")
    // Of several it is left out.
    let file = scene.scratch.file("some.html")
    let some = try lockstep(["report", run.path, scene.data, run.path, "--output", file])
    #expect(some.status == 0 && some.errors.contains("left out: \(scene.data)"), "\(some.errors)")
    #expect(try String(contentsOfFile: file, encoding: .utf8).contains("2 runs"))
  }

  @Test func toAStream() throws {
    let run = try scene.train(Self.linear)
    let result = try lockstep(["report", run.path, "--output", "/dev/stdout"])
    let page = try page(run)
    #expect(result.status == 0 && result.output.hasSuffix("</html>\n") && result.output == page)
  }
}
