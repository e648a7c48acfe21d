#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension MetricsLog {
  private struct Line: Decodable {
    var event: String
    var epoch: Int?
    var step: Int?
  }

  /// The bytes of a log that a run which goes on from `state` keeps: the lines before the first that comes after the state,
  /// that is torn or no event, or that tells the end.
  package static func lengthKept(of log: [UInt8], upTo state: TrainingState) -> Int {
    guard state.step > 0 else { return 0 }
    let decoder = JSONDecoder()
    var start = 0
    while let end = log[start...].prefix(longestLine).firstIndex(of: UInt8(ascii: "\n")),
      let line = try? decoder.decode(Line.self, from: Data(log[start..<end]))
    {
      switch line.event {
      case "epoch" where line.epoch ?? .max > state.epoch: return start
      case "step" where line.step ?? .max > state.step: return start
      case "stopped_early", "kept_best", "end": return start
      default: start = end + 1
      }
    }
    return start
  }

  /// Above any that is written: the longest names a dataset by its path.
  private static let longestLine = 1 << 15

  /// The dataset that a log's first line names.
  package static func dataset(ofLog log: [UInt8]) -> String? {
    struct Start: Decodable { var dataset: String }
    let line = log.prefix(longestLine).prefix { $0 != UInt8(ascii: "\n") }
    return try? JSONDecoder().decode(Start.self, from: Data(line)).dataset
  }
}
