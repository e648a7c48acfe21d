import Foundation
import LockstepCore
import Testing

@Suite struct TraceEventsTests {
  @Test func isJSONWhateverTheHost() throws {
    let recorder = TraceRecorder(threads: 1, origin: TraceRecorder.now, clockError: 12_345)
    recorder.span("a \"name\"") {}
    let host = "h\"o\\s\u{1}t\nline"
    let bytes =
      TraceEvents.head + TraceEvents.encode(recorder, rank: 0, host: host) + TraceEvents.separator
      + TraceEvents.encode(recorder, rank: 1, host: "b") + TraceEvents.tail
    let content = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
    let events = try #require(content?["traceEvents"] as? [[String: Any]])
    #expect(
      events.filter { $0["ph"] as? String == "X" }.map { $0["name"] as? String } == [
        "a \"name\"", "a \"name\"",
      ])
    let labels = events.filter { $0["name"] as? String == "process_labels" }
    #expect((labels.first?["args"] as? [String: String])?["labels"] == "clock within 12.345 us of rank 0's")
  }

  /// Of spans that begin together the outer one comes first, as readers of the format want it.
  @Test func isInOrder() throws {
    let recorder = TraceRecorder(threads: 1, origin: TraceRecorder.now, clockError: 0)
    recorder.span("outer") {
      recorder.span("middle") { recorder.span("inner") {} }
      recorder.span("later") {}
    }
    let text = String(decoding: TraceEvents.encode(recorder, rank: 0, host: "h"), as: UTF8.self)
    let names = text.matches(of: #/"ph":"X","name":"(\w+)"/#).map { String($0.1) }
    #expect(names == ["outer", "middle", "inner", "later"])
    #expect(!text.contains("process_labels"))
  }
}
