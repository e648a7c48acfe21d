import LockstepRanks
import LockstepSupport

/// The content of `sweep.jsonl`: what is tried, and the rows so far.
package struct SweepRecord: Equatable, Sendable {
  package static let fileName = "sweep.jsonl"

  /// All that decides the rows, by name.
  package var facts: [String: String]
  package var rows: [SweepRow]
  /// The bytes of its whole lines: a kill may have left a part of another.
  package var length: Int

  /// The first line, without its end. `trials` is their number; `parameters` the keys that vary, with their values.
  package static func head(
    facts: [Fact], trials: Int, dataset: String, parameters: [(key: String, values: [String])]
  ) -> String {
    var line = JSONLine()
    line.add("event", "sweep")
    line.add("format", 1)
    line.add("version", Build.version)
    line.add("dataset", dataset)
    line.add("trials", trials)
    var varied = JSONLine()
    for (key, values) in parameters { varied.add(key, values) }
    line.add("parameters", varied)
    var all = JSONLine()
    for fact in facts { all.add(fact.name, fact.value) }
    line.add("facts", all)
    return line.text
  }

  private struct Head: Decodable {
    var event: String
    var format: JSONInteger
    var facts: [String: String]
  }

  /// Reads the bytes of the file; `path` is for messages. nil if not even the first line is whole.
  ///
  /// Throws `LockstepError` (data) naming the first line that is none of a sweep's, or whose trial and rung an earlier
  /// line has.
  package init?(_ bytes: [UInt8], path: String) throws {
    guard let last = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return nil }
    length = last + 1
    let lines = bytes[..<last].split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    func failure(_ line: Int, _ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, "\(path), line \(line)", expected: expected, found: found,
        fix: "Remove the line to try that trial again, or choose another --output")
    }
    guard let head = try? decodeJSON(Head.self, from: lines[0]), head.event == "sweep" else {
      throw failure(1, "what a sweep tries, as lockstep sweep writes it", "something else")
    }
    guard head.format.value == 1 else { throw failure(1, "format 1", "format \(head.format.value)") }
    facts = head.facts
    rows = []
    var places: [[Int]: Int] = [:]
    for (number, line) in lines.enumerated().dropFirst() {
      guard let row = SweepRow(line: line) else {
        throw failure(number + 1, "a trial's row, as lockstep sweep writes it", "something else")
      }
      if let other = places.updateValue(number + 1, forKey: [row.trial, row.rung]) {
        throw failure(
          number + 1, "each trial once in a rung", "trial \(row.trial) again, after line \(other)")
      }
      rows.append(row)
    }
  }
}
