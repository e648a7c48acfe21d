import Foundation
import Testing

/// The bar on terminals of all widths, by the real binary on a pseudo-terminal.
@Suite struct TerminalTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// Its epochs are long enough to draw in.
  private var train: [String] {
    [
      "train", "--data", scene.data, "--output", scene.scratch.file("run"), "--hidden", "1500,1500",
      "--batch-size", "1", "--lr", "0.0001", "--epochs",
      "1000000",
      "--threads", "1",
    ]
  }

  private func draw(_ way: String, _ signal: Int32, _ columns: [Int], _ command: [String], ranks: Int = 1)
    throws
    -> CommandResult
  {
    let tool = ["python3", Repository.root + "/Tests/Tools/terminal.py", way, String(signal)]
    let widths = columns.map(String.init).joined(separator: ",")
    return try Launch.takingTurns {
      try run(tool[0], tool[1...] + [widths] + command, environment: Launch.environment(ranks: ranks))
    }
  }

  /// Expects a line for each width that was drawn, and none that was full.
  private func expectCut(_ result: CommandResult, _ columns: [Int]) throws {
    let lines = result.output.split(separator: "\n").map { $0.split(separator: " ").compactMap { Int($0) } }
    try #require(lines.count == columns.count + 1, "\(result.output)\(result.errors)")
    for (line, width) in zip(lines, columns) {
      #expect(line[0] == width && line[1] < width, "\(result.output)")
      // Something is shown where there is room.
      #expect(width < 10 || line[1] >= min(width - 10, 60), "\(result.output)")
    }
    #expect(result.output.hasSuffix("status 75\n"), "\(result.output)\(result.errors)")
  }

  @Test func isCutToTheTerminalAsItChanges() throws {
    let columns = [80, 40, 20, 1, 120]
    try expectCut(draw("own", SIGTERM, columns, [Repository.lockstep] + train), columns)
  }

  @Test func isDrawnForTheTerminalThatTheScriptNames() throws {
    let columns = [80, 30]
    let command = [Library.launcher] + Launch.arguments([RankGroup(2, train)])
    try expectCut(draw("passed", SIGUSR1, columns, command, ranks: 2), columns)
  }

  /// A terminal that cannot go back in its line, and a file: lines only.
  @Test func plainLinesElsewhere() throws {
    let arguments = train + ["--max-steps", "100"]
    let named = ["LOCKSTEP_TERMINAL": "\(ProcessInfo.processInfo.hostName):/dev/null:80"]
    let result = try lockstep(arguments, environment: named)
    #expect(result.status == 0 && !result.errors.contains("\u{1B}"), "\(result.errors)")
  }
}
