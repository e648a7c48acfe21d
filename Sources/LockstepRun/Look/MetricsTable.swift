import LockstepStorage
import LockstepSupport

/// The events of a run's metrics as a table, for spreadsheets.
public enum MetricsTable {
  /// CSV (RFC 4180): a row for each event, a column for each name that one of them has, in the order of their first
  /// appearance; empty where an event lacks it.
  ///
  /// - Parameters:
  ///   - kind: leaves out the events of other kinds; nil for none.
  ///   - path: the run, for messages.
  /// - Throws: LockstepError (.data) if there is no such event, or where a damaged log has thousands of names.
  public static func csv(_ history: RunHistory, kind: String? = nil, path: String) throws -> String {
    let events = kind.map(history.events) ?? history.events
    var (columns, places): ([String], [String: Int]) = ([], [:])
    for member in events.lazy.flatMap(\.members) where places[member.name] == nil {
      places[member.name] = columns.count
      columns.append(member.name)
    }
    guard !events.isEmpty else {
      let kinds = Set(history.events.map(\.kind)).sorted().joined(separator: ", ")
      throw LockstepError(
        .data, path, expected: "events of kind '\(kind ?? "")' in its metrics", found: "those of \(kinds)",
        fix: "Choose one of them by --event, or leave it out for all")
    }
    guard columns.count <= mostColumns else {
      throw LockstepError(
        .data, "\(path)/metrics.jsonl", expected: "at most \(mostColumns) names", found: "\(columns.count)")
    }
    let rows = events.map { event in
      var row = [String](repeating: "", count: columns.count)
      for member in event.members { row[places[member.name]!] = csvField("\(member.value)") }
      return row
    }
    return ([columns.map(csvField)] + rows).map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// Each row has all of them.
  private static let mostColumns = 1000
}
