#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension MetricsLog {
  /// How many bytes of a log stay when a run resumes after `step`: its first lines, each whole and a JSON object with an
  /// event, up to the first of a later step. A line that a crash tore, or anything else, ends them.
  package static func linesToKeep(_ bytes: [UInt8], throughStep step: Int) -> Int {
    let decoder = JSONDecoder()
    var kept = 0
    while let end = bytes[kept...].prefix(longestLine).firstIndex(of: UInt8(ascii: "\n")) {
      guard let line = try? decoder.decode(LoggedEvent.self, from: Data(bytes[kept..<end])) else { break }
      if let found = line.step, found > step { break }
      kept = end + 1
    }
    return kept
  }

  /// Above any that is written: the longest names a dataset by its path.
  private static let longestLine = 1 << 15

  private struct LoggedEvent: Decodable {
    let event: String
    /// Of events that happen in a step; `start` has none.
    let step: Int?
  }
}
