import Foundation
import Testing

/// `lockstep doctor`: what it tells, never how fast.
@Suite struct DoctorTests {
  static let kernels = [
    "forward", "input_gradient", "weight_gradient_exact_1", "weight_gradient_exact_4", "weight_gradient_fast",
  ]

  private func json(_ arguments: [String], ranks: Int? = nil) throws -> [String: Any] {
    let result = try lockstep(["doctor", "--json"] + arguments, ranks: ranks)
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output.split(separator: "\n").count == 1)
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  private func expectSpeeds(_ keys: [String], in report: [String: Any]) {
    for key in keys {
      let speed = report[key] as? Double
      #expect(speed.map { $0 > 0 && $0.isFinite } == true, "\(key): \(String(describing: speed))")
    }
  }

  @Test func tellsProgramsOfTheMachine() throws {
    let report = try json(["--kernels"])
    expectSpeeds(["peak_one_core", "peak_all_cores", "empty_part_microseconds"] + Self.kernels, in: report)
    #expect(report["launcher"] as? String == "none")
    #expect(report["ranks"] as? Int == 1)
    let cores = try #require(report["cores"] as? Int)
    #expect((1...ProcessInfo.processInfo.activeProcessorCount).contains(cores))
    let allowed = try #require(report["allowed_processors"] as? Int)
    #expect((cores...(try #require(report["online_processors"] as? Int))).contains(allowed))
    let directory = try #require(report["shared_memory_directory"] as? String)
    #expect(FileManager.default.fileExists(atPath: directory))
    #expect(try #require(report["shared_memory_bytes"] as? Int) >= 0)
    #expect(report["version"] as? String == "0.1.0")
  }

  @Test func oneRankTellsOfAll() throws {
    let report = try json([], ranks: 2)
    #expect(report["launcher"] as? String == "MPI")
    #expect(report["ranks"] as? Int == 2)
    #expect(report["forward"] == nil)
  }

  @Test func tellsOfAllNodesAndTheirNetwork() throws {
    let result = try lockstep(["doctor"], ranksOfNodes: [1, 2])
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output.contains(#/\nnode .+ 1 rank of \d+ thread/#), "\(result.output)")
    #expect(result.output.contains(#/\nnode .+ 2 ranks of \d+ thread/#), "\(result.output)")
    #expect(result.output.contains(#/\nnetwork +\d+ MB\/s each way; /#), "\(result.output)")
    let report = try lockstep(["doctor", "--json"], ranksOfNodes: [1, 2])
    let json = try JSONSerialization.jsonObject(with: Data(report.output.utf8)) as? [String: Any]
    #expect(json?["nodes"] as? Int == 2)
    expectSpeeds(["network_bytes_per_second", "network_latency_seconds"], in: json ?? [:])
  }

  /// On every number of ranks that the job has; what is predicted, and not measured on one or two, is compared.
  @Test func predictsTheStepsOfARecipe() throws {
    let scene = try TrainingScene()
    let recipe = ["--data", scene.data, "--model", "linear", "--batch-size", "64", "--threads", "1"]
    let report = try json(recipe, ranks: 4)
    let steps = ["1", "2", "3", "4"]
    expectSpeeds(steps.map { "step_seconds_on_\($0)" }, in: report)
    expectSpeeds(["step_seconds_predicted_on_3", "step_seconds_predicted_on_4"], in: report)
    #expect(report["step_seconds_predicted_on_2"] == nil)
    #expect((report["verdict"] as? String)?.contains("no more than 4 ranks can help") == true)
    #expect((report["recipe"] as? String)?.contains("of digest ") == true)
    let alone = try lockstep(["doctor"] + recipe)
    #expect(
      alone.output.contains(#/\nstep, 1 rank +[\d.]+ ms, noise \d+%\n/#), "\(alone.output)\(alone.errors)")
  }

  @Test func predictsOverNodes() throws {
    let scene = try TrainingScene()
    let recipe = ["--data", scene.data, "--model", "linear", "--threads", "1"]
    let result = try lockstep(["doctor"] + recipe, ranksOfNodes: [2, 1])
    try #require(result.status == 0, "\(result.errors)")
    for place in ["1 rank", "2 ranks", "2 ranks on 2 nodes", "3 ranks on 2 nodes"] {
      #expect(result.output.contains("\nstep, \(place) "), "\(place): \(result.output)")
    }
    #expect(
      result.output.contains(#/\npredicted step +.+ ms on 2, .+ ms on 1024 ranks\n/#), "\(result.output)")
    #expect(result.output.contains(#/\nso +.+ on this link/#), "\(result.output)")
  }

  /// Data that is not there, and a recipe that cannot be trained, end it on all ranks with one message.
  @Test func aRecipeThatCannotBeTimedIsNamed() throws {
    let scene = try TrainingScene()
    let result = try lockstep(
      ["doctor", "--data", scene.data, "--network", "conv 3 99x99, flatten, dense classes"], ranks: 2)
    expect(result, status: 64, naming: ["conv 3 99x99"])
    expect(
      try lockstep(["doctor", "--data", "/none", "--model", "linear"], ranks: 2), status: 65,
      naming: ["/none"])
  }

  /// Values begin in one column, and the build is the one asked for.
  @Test func tellsPeopleInAlignedLines() throws {
    let result = try lockstep(["doctor", "--kernels"], environment: ["LOCKSTEP_ISA": "portable"])
    try #require(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 11 + Self.kernels.count)
    #expect(lines.contains { $0.hasPrefix("instruction set ") && $0.contains(" portable ") })
    let columns = Set(
      lines.map { $0.range(of: "  [^ ]", options: .regularExpression)?.upperBound.utf16Offset(in: $0) })
    #expect(columns.count == 1, "\(result.output)")
  }

  @Test func anUnknownInstructionSetIsNamed() throws {
    let result = try lockstep(["doctor"], environment: ["LOCKSTEP_ISA": "mmx"])
    #expect(result.status == 64)
    #expect(result.errors.contains("LOCKSTEP_ISA") && result.errors.contains("'mmx'"))
  }

  /// A control group of half a processor, of whichever version the system has, in which doctor and two ranks run.
  @Test(.enabled(if: ControlGroup.isAvailable, "needs root and a writable control group for processors"))
  func aQuotaCounts() throws {
    let group = try ControlGroup(quota: 50_000, period: 100_000)
    let result = try group.run([Repository.lockstep, "doctor"])
    #expect(result.output.contains(#/\ncores +1 for this process\n/#), "\(result.output)\(result.errors)")
    #expect(result.output.contains(#/\nquota +0\.50 processors/#), "\(result.output)")
  }

  @Test(arguments: [("1", 1), ("100000", nil), ("0", nil), ("x", nil)])
  func whatSlurmGivesATaskCounts(_ task: (cores: String, expected: Int?)) throws {
    let result = try lockstep(["doctor", "--json"], environment: ["SLURM_CPUS_PER_TASK": task.cores])
    let plain = try json([])["cores"] as? Int
    let report = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
    #expect(report?["cores"] as? Int == task.expected ?? plain, "\(result.errors)")
    #expect(report?["slurm_cpus_per_task"] as? Int == task.expected)
  }

  @Test func anEmptyInstructionSetIsNone() throws {
    let command = ["-c", "LOCKSTEP_ISA= exec \"$0\" doctor", Repository.lockstep]
    let result = try Launch.takingTurns { try run("sh", command) }
    #expect(result.status == 0, "\(result.errors)")
  }
}
