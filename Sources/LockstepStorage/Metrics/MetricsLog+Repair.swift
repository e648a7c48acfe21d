import LockstepTraining

extension MetricsLog {
  private struct Line: Decodable {
    var event: String
    var epoch: JSONInteger?
    var step: JSONInteger?
  }

  /// The number of bytes that a run resumed from `state` keeps of its log: up to the last event before the first one
  /// that is later than the state or reports the end or a failure. Foreign lines between events stay; at the end they
  /// may be torn by a crash.
  package static func lengthKept(of log: [UInt8], upTo state: TrainingState) -> Int {
    guard state.step > 0 else { return 0 }
    var (start, kept) = (0, 0)
    while let end = log[start...].firstIndex(of: UInt8(ascii: "\n")) {
      let bytes = log[start..<end]
      start = end + 1
      guard bytes.count < longestLine, let line = try? decodeJSON(Line.self, from: bytes) else {
        continue
      }
      switch line.event {
      case "epoch" where line.epoch?.value ?? .max > state.epoch: return kept
      case "step" where line.step?.value ?? .max > state.step: return kept
      case "stopped_early", "kept_best", "end", "error": return kept
      default: kept = start
      }
    }
    return kept
  }

  /// Longer than any line that is written; the longest contains the path of a dataset.
  static let longestLine = 1 << 15

  /// Whether a log has the run's end.
  package static func hasEnd(_ log: [UInt8]) -> Bool {
    let end = #"{"event":"end","#.utf8
    return log.split(separator: UInt8(ascii: "\n")).contains { $0.starts(with: end) }
  }

  /// The dataset that a log's first line names.
  package static func dataset(ofLog log: [UInt8]) -> String? {
    struct Start: Decodable { var dataset: String }
    let line = log.prefix(longestLine).prefix { $0 != UInt8(ascii: "\n") }
    return try? decodeJSON(Start.self, from: line).dataset
  }
}
