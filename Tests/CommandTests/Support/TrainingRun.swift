import Foundation
import Testing

/// A dataset and runs that train on it, in a temporary directory.
final class TrainingScene: Sendable {
  let scratch: TemporaryDirectory
  /// 2000 training and 300 test digits.
  let data: String

  init() throws {
    scratch = try TemporaryDirectory()
    data = scratch.file("digits")
    let result = try lockstep(["synthesize", "--output", data, "--train", "2000", "--test", "300"])
    try #require(result.status == 0, "\(result.errors)")
  }

  /// MNIST, or the digits if it is not available.
  var realData: String { Repository.mnist ?? data }

  /// Imports one of the scratch files or folders into another, and expects the status.
  func imported(_ source: String, _ arguments: [String] = [], to output: String, status: Int32 = 0) throws
    -> CommandResult
  {
    let result = try lockstep(["import", scratch.file(source), "--output", scratch.file(output)] + arguments)
    try #require(result.status == status, "\(source): \(result.errors)\(result.output)")
    return result
  }

  /// Trains and expects that to succeed.
  func train(
    _ arguments: [String], data: String? = nil, ranks: Int? = nil, threads: Int? = 1,
    environment: [String: String] = [:]
  ) throws -> TrainingRun {
    let path = scratch.file("run-" + UUID().uuidString)
    let fixed = ["train", "--data", data ?? self.data, "--output", path]
    let team = threads.map { ["--threads", String($0)] } ?? []
    let result = try lockstep(fixed + team + arguments, ranks: ranks, environment: environment)
    let label = "\(arguments.joined(separator: " ")) on \(ranks.map(String.init) ?? "no") ranks"
    try #require(result.status == 0, "\(label): \(result.errors)")
    return TrainingRun(path: path, result: result)
  }
}

extension CommandResult {
  /// The last two lines of standard output, which of `evaluate` name dataset and accuracy.
  var conclusion: String {
    output.split(separator: "\n").suffix(2).map { $0 + "\n" }.joined()
  }
}

/// A run that succeeded.
struct TrainingRun {
  let path: String
  let result: CommandResult

  /// The last line but one of standard output.
  var accuracyLine: String { lines.dropLast().last ?? "" }

  /// The digest of the weights on the last line of standard output.
  var digest: String {
    guard let line = lines.last, line.hasPrefix("weights ") else { return "none in: \(result.output)" }
    return String(line.dropFirst(8))
  }

  private var lines: [String] { result.output.split(separator: "\n").map(String.init) }

  func file(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")) }

  var model: Data { get throws { try file("model.safetensors") } }

  /// The averaged weights; nil if the recipe has none.
  var average: Data? { get throws { hasAverage ? try file("ema.safetensors") : nil } }

  var hasAverage: Bool { FileManager.default.fileExists(atPath: "\(path)/ema.safetensors") }

  /// The lines of `metrics.jsonl`.
  var metrics: [[String: Any]] {
    get throws {
      try file("metrics.jsonl").split(separator: UInt8(ascii: "\n")).map {
        try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
      }
    }
  }

  private static let measured = [
    "seconds", "samples_per_second", "compute_seconds_min", "compute_seconds_max", "wait_seconds_min",
    "wait_seconds_max", "communication_seconds", "slowest_rank", "slowest_host",
  ]

  /// The lines of `metrics.jsonl` without times and checkpoint events.
  var measurements: [[String: String]] {
    get throws {
      try metrics.dropFirst().filter { !["checkpoint", "resume"].contains($0["event"] as? String) }.map {
        event in
        event.filter { !Self.measured.contains($0.key) }.mapValues { "\($0)" }
      }
    }
  }

  /// The events of one kind.
  func events(_ kind: String) throws -> [[String: Any]] {
    try metrics.filter { $0["event"] as? String == kind }
  }
}

/// Everything that a run comes to but its times.
func expectSame(_ run: TrainingRun, _ reference: TrainingRun, _ what: String) throws {
  #expect(run.digest == reference.digest, "\(what)")
  #expect(run.accuracyLine == reference.accuracyLine, "\(what)")
  #expect(try run.model == reference.model, "\(what)")
  #expect(try run.average == reference.average, "\(what)")
  #expect(try run.measurements == reference.measurements, "\(what)")
}
