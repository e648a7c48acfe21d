import LockstepSupport

/// A trace as JSON, in the Trace Event Format that Perfetto and Chrome read: ranks are processes, threads are threads,
/// spans are complete events (ph X) in microseconds.
package enum TraceEvents {
  package static let head = Array(#"{"displayTimeUnit":"ms","traceEvents":["#.utf8)
  package static let separator = Array(",".utf8)
  package static let tail = Array("\n]}\n".utf8)

  /// One rank's events, with the names of its rows first; times count from the recorder's origin.
  package static func encode(_ recorder: TraceRecorder, rank: Int, host: String) -> [UInt8] {
    let place = #","pid":\#(rank),"tid":"#
    var text = name("process_name", "rank \(rank) (\(oneLine(host)))", place + "0")
    text += ",\n" + #"{"ph":"M","name":"process_sort_index"\#(place)0,"args":{"sort_index":\#(rank)}}"#
    if recorder.clockError > 0 {
      let label = "clock within \(microseconds(recorder.clockError)) us of rank 0's"
      text += "," + name("process_labels", label, place + "0", key: "labels")
    }
    for row in 0..<recorder.rowCount {
      let title =
        row == 0 ? "main thread" : row < recorder.rowCount - 1 ? "thread \(row)" : "background"
      text += "," + name("thread_name", title, place + "\(row)")
    }
    let heads = recorder.names.map { ",\n{\"ph\":\"X\",\"name\":\(jsonString($0))\(place)" }
    var bytes = Array(text.utf8)
    for row in 0..<recorder.rowCount {
      let (spans, tid) = (recorder.spans(of: row), "\(row),\"ts\":")
      bytes.reserveCapacity(bytes.count + 128 * spans.count)
      // By start; of those that start together the outer one, which ended later, comes first.
      for index in spans.indices.sorted(by: { (spans[$0].start, $1) < (spans[$1].start, $0) }) {
        let span = spans[index]
        let (start, end) = (sinceOrigin(span.start, recorder), sinceOrigin(span.end, recorder))
        bytes += heads[Int(span.name)].utf8
        bytes += tid.utf8
        bytes += "\(microseconds(start)),\"dur\":\(microseconds(end - start)),\"args\":{".utf8
        if span.step > 0 { bytes += "\"step\":\(span.step)".utf8 }
        bytes += "}}".utf8
      }
    }
    return bytes
  }

  /// An event that names something.
  private static func name(_ event: String, _ text: String, _ place: String, key: String = "name") -> String {
    "\n{\"ph\":\"M\",\"name\":\"\(event)\"\(place),\"args\":{\"\(key)\":\(jsonString(text))}}"
  }

  /// The measured origin may lie a little after a span's begin.
  private static func sinceOrigin(_ time: UInt64, _ recorder: TraceRecorder) -> UInt64 {
    time > recorder.origin ? time - recorder.origin : 0
  }

  /// Nanoseconds as microseconds with all of their digits, so that spans stay nested.
  private static func microseconds(_ time: UInt64) -> String {
    let (whole, part) = time.quotientAndRemainder(dividingBy: 1000)
    return "\(whole)." + (part < 10 ? "00" : part < 100 ? "0" : "") + "\(part)"
  }
}
