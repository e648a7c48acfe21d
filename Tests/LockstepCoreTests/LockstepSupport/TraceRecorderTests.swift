import LockstepCore
import Testing

@Suite struct TraceRecorderTests {
  private func recorder(capacity: Int = 100) -> TraceRecorder {
    TraceRecorder(threads: 2, origin: TraceRecorder.now, clockError: 0, capacity: capacity)
  }

  private func names(_ recorder: TraceRecorder, row: Int) -> [String] {
    recorder.spans(of: row).map { recorder.names[Int($0.name)] }
  }

  @Test func spansNest() throws {
    let recorder = recorder()
    let value = recorder.span("outer") {
      recorder.span("first") {}
      return recorder.span("second") { recorder.span("first") { 7 } }
    }
    #expect(value == 7)
    // In the order of their ends.
    #expect(names(recorder, row: 0) == ["first", "first", "second", "outer"])
    let spans = recorder.spans(of: 0)
    #expect(spans.allSatisfy { recorder.origin <= $0.start && $0.start <= $0.end })
    #expect(spans[3].start <= spans[0].start && spans[0].end <= spans[2].start)
    #expect(spans[2].start <= spans[1].start && spans[1].end <= spans[2].end && spans[2].end <= spans[3].end)
    #expect(recorder.rowCount == 3 && recorder.lastStep == nil)
  }

  @Test func aSpanThatThrowsEnds() {
    struct Failed: Error {}
    let recorder = recorder()
    #expect(throws: Failed.self) {
      try recorder.span("outer") { try recorder.span("inner") { throw Failed() } }
    }
    #expect(names(recorder, row: 0) == ["inner", "outer"])
  }

  @Test func threadsHaveRowsOfTheirOwn() {
    let recorder = recorder()
    recorder.span("job") {
      #expect(recorder.work(of: 1) { 3 } == 3)
      #expect(recorder.work(of: 1) { 0 } == 0)
    }
    recorder.background("writing") {}()
    #expect(names(recorder, row: 1) == ["job"])
    #expect(names(recorder, row: 2) == ["writing"])
  }

  /// All rows end where the first of them is full, so that none seems idle.
  @Test func aFullRowEndsTheTrace() {
    let recorder = recorder(capacity: 3)
    for _ in 0..<3 { recorder.span("step") {} }
    #expect(recorder.lastStep == nil)
    recorder.span("step") {}
    #expect(recorder.lastStep != nil)
    #expect(recorder.work(of: 1) { 1 } == 1)
    #expect(recorder.spans(of: 0).count == 3 && recorder.spans(of: 1).isEmpty)
  }
}
