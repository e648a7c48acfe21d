import Foundation
import Testing

/// A sweep that is stopped or killed goes on with the trials that have no row, to the same ranking.
@Suite struct SweepResumeTests {
  let scene: TrainingScene
  private let grid: String
  private let path: String

  init() throws {
    scene = try TrainingScene()
    grid = scene.scratch.file("grid.yaml")
    path = scene.scratch.file("sweep")
    try write("lr: [0.01, 0.02, 0.03, 0.04, 0.05, 0.1]\n")
  }

  private func write(_ keys: String) throws {
    try (keys + "model: linear\nepochs: 3\nbatch-size: 20\n").write(
      toFile: grid, atomically: false, encoding: .utf8)
  }

  private func arguments(_ output: String) -> [String] {
    ["sweep", grid, "--data", scene.data, "--output", output, "--threads", "1"]
  }

  private func sweep(
    _ more: [String] = [], output: String? = nil, ranks: Int? = nil, status: Int32 = 0,
    environment: [String: String] = [:]
  ) throws -> CommandResult {
    let result = try lockstep(arguments(output ?? path) + more, ranks: ranks, environment: environment)
    try #require(result.status == status, "\(result.errors)\(result.output)")
    return result
  }

  private var whole: String {
    get throws { try sweep(output: scene.scratch.file("whole-" + UUID().uuidString)).output }
  }

  private var log: String {
    get throws { try String(contentsOfFile: path + "/sweep.jsonl", encoding: .utf8) }
  }

  /// By a signal in a trial's 200th step, when others may be further.
  @Test(arguments: [nil, 3]) func stopsOnRequest(ranks: Int?) throws {
    let signal = ["LOCKSTEP_FAULT_SIGNAL": "10:200"]
    let stopped = try sweep(ranks: ranks, status: 75, environment: signal)
    #expect(stopped.errors.contains("stopped on request after 0 rows"), "\(stopped.errors)")
    #expect(try log.split(separator: "\n").count == 1)
    let again = try sweep(status: 64)
    #expect(again.errors.contains("found a sweep (sweep.jsonl)"))
    #expect(try sweep(["--resume"], ranks: 2).output == whole)
  }

  /// SIGKILL to one rank after the first rows.
  @Test func aKilledRank() throws {
    let result = try scene.job(
      arguments(path) + ["--ranks-per-trial", "2"], ranks: 4,
      environment: ["LOCKSTEP_FAULT_SLOW": "1:200"],
      beside: """
        wait_for grep -q '"event":"trial"' \(path)/sweep.jsonl
        kill -9 $(\(Library.ranks(with: path)) | tail -n 1)
        """)
    #expect(result.status != 0 && result.status != 75, "\(result.errors)")
    let known = try log.split(separator: "\n").count { $0.contains("\"event\":\"trial\"") }
    #expect((2...5).contains(known), "\(known)")
    let resumed = try sweep(["--resume"], ranks: 3)
    #expect(resumed.errors.contains("going on after \(known) rows"), "\(resumed.errors)")
    #expect(try resumed.output == whole)
    let rows = try log.split(separator: "\n").dropFirst()
    #expect(rows.count == 6)
    // Once more, nothing is left to do.
    let bytes = try log
    #expect(try sweep(["--resume"]).output == whole)
    #expect(try log == bytes)
  }

  /// A cut last line is tried again; anything else that is damaged is an error.
  @Test func damagedRows() throws {
    let output = try sweep().output
    let lines = try log.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    func put(_ text: String) throws {
      try text.write(toFile: path + "/sweep.jsonl", atomically: false, encoding: .utf8)
    }
    try put(lines[..<4].joined(separator: "\n") + "\n" + lines[4].prefix(60))
    #expect(try sweep(["--resume"], ranks: 2).output == output)
    #expect(try log.split(separator: "\n").count == 7)
    try put(([lines[0], String(lines[1].prefix(50))] + lines[2...]).joined(separator: "\n"))
    #expect(
      try sweep(["--resume"], status: 65).errors.contains("sweep.jsonl, line 2: expected a trial's row"))
    try put(String(lines[0].prefix(20)))
    #expect(try sweep(["--resume"]).output == output)
    try FileManager.default.removeItem(atPath: path)
    let new = try sweep(["--resume"])
    #expect(new.errors.contains("there is no sweep to go on with") && new.output == output)
  }

  /// Another grid, option or dataset is refused, by the first difference.
  @Test func another() throws {
    let before = try sweep().output
    let text = try log
    try write("lr: [0.01, 0.02]\n")
    let grid = try sweep(["--resume"], status: 64).errors
    #expect(grid.contains("sweep.jsonl: lr: expected 0.01 | 0.02 | 0.03"), "\(grid)")
    try write("lr: [0.01, 0.02, 0.03, 0.04, 0.05, 0.1]\n")
    #expect(try sweep(["--resume", "--random", "2"], status: 64).errors.contains("--random: expected none"))
    let data = scene.scratch.file("other")
    _ = try lockstep(["synthesize", "--output", data, "--train", "2000", "--test", "300", "--seed", "2"])
    let other = try lockstep(
      ["sweep", self.grid, "--data", data, "--output", path, "--threads", "1", "--resume"])
    #expect(other.status == 64 && other.errors.contains("dataset digest"), "\(other.errors)")
    #expect(try log == text)
    #expect(try sweep(["--resume"], ranks: 2).output == before)
  }
}
