import Foundation
import Testing

/// A trace that `--trace` wrote, as Perfetto would read it.
struct TraceFile {
  struct Row: Hashable {
    let rank: Int
    let thread: Int
  }

  /// Times in nanoseconds.
  struct Span {
    let name: String
    let step: Int
    let start: Int
    let end: Int
  }

  /// The names and labels of processes by rank, and of their threads in order.
  private(set) var processes: [Int: String] = [:]
  private(set) var labels: [Int: String] = [:]
  private(set) var threads: [Int: [String]] = [:]
  private(set) var rows: [Row: [Span]] = [:]

  init(_ path: String) throws {
    let content = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
    let events = try #require((content as? [String: Any])?["traceEvents"] as? [[String: Any]])
    for event in events {
      let row = Row(
        rank: try #require(event["pid"] as? Int, "\(event)"),
        thread: try #require(event["tid"] as? Int, "\(event)"))
      let (name, arguments) = (try #require(event["name"] as? String), event["args"] as? [String: Any] ?? [:])
      switch (event["ph"] as? String, name) {
      case ("X", _):
        func time(_ key: String) throws -> Int {
          Int((try #require(event[key] as? Double, "\(event)") * 1000).rounded())
        }
        let start = try time("ts")
        let end = start + (try time("dur"))
        #expect(start >= 0 && end >= start, "\(event)")
        rows[row, default: []].append(
          Span(name: name, step: arguments["step"] as? Int ?? 0, start: start, end: end))
      case ("M", "process_name"): processes[row.rank] = arguments["name"] as? String
      case ("M", "process_labels"): labels[row.rank] = arguments["labels"] as? String
      case ("M", "thread_name"):
        #expect(row.thread == threads[row.rank, default: []].count)
        threads[row.rank, default: []].append(arguments["name"] as? String ?? "")
      case ("M", "process_sort_index"): #expect(arguments["sort_index"] as? Int == row.rank)
      default: Issue.record("an event that README does not have: \(event)")
      }
    }
  }
}
