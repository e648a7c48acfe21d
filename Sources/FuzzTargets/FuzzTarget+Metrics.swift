import LockstepCore

extension FuzzTarget {
  /// A run's small records must read the same after being written again.
  private static func checkNotes(_ bytes: [UInt8]) throws {
    if let source = DataRecord.decode(bytes), case .synthetic = source {
      try require(DataRecord.decode(DataRecord.encode(source)) == source, "\(source) does not come back")
    }
    if let holder = RunLockHolder(String(decoding: bytes, as: UTF8.self)) {
      try require(RunLockHolder(holder.text) == holder, "\(holder) does not come back")
    }
  }

  /// What is shown of a log: any table of it has as many rows as events, and a plot no more columns than asked for.
  private static func checkLooks(_ bytes: [UInt8]) throws {
    let history = RunHistory(log: bytes)
    for event in history.events {
      try require(event.members.contains { $0.name == "event" }, "an event without its kind")
    }
    guard !history.events.isEmpty else { return }
    _ = try MetricsTable.csv(history, path: "fuzz")
    for columns in [20, 80] {
      let text = RunCurves(of: [("a", history), ("b", history)]).text(columns: columns, colours: false)
      try require(!text.isEmpty, "nothing is said")
    }
  }

  /// The part of `gradients.jsonl` that a resumed run keeps: whole lines, and for a later step no fewer.
  private static func checkGradients(_ bytes: [UInt8]) throws {
    var kept = 0
    for step in [-1, 0, 1, 1000, Int.max] {
      let count = GradientsLog.lengthKept(of: bytes, upTo: step)
      try require(
        kept...bytes.count ~= count, "\(count) bytes of gradients, after \(kept) for an earlier step")
      kept = count
      try require(kept == 0 || bytes[kept - 1] == UInt8(ascii: "\n"), "a torn line of gradients is kept")
    }
  }

  /// The part of `metrics.jsonl` that a resumed run keeps: whole lines, none after the step, and at least what an
  /// earlier step keeps.
  static let metrics = FuzzTarget(
    name: "metrics",
    dictionary: tokens(
      #"{"event":"step","step":"#, #"{"event":"start"}"#, "\n", "\r\n", "}\n", "null", "1e3", "-1", "1.5",
      #"\u0000"#,
      #""step":2,"#, #"{"directory":"/"#, #"{"synthesized":[1,"#, "pid 1\nhost a\n", "stopping\n",
      "9223372036854775808", #"{"event":"epoch","epoch":"#, #""test_loss":"#, #""train_accuracy":1e308"#),
    longestInput: 4096, largestAllocation: 2
  ) { bytes in
    var kept = 0
    for step in [-1, 0, 1, 3, 1000, Int.max] {
      var state = TrainingState()
      (state.step, state.epoch) = (step, .max)
      let count = MetricsLog.lengthKept(of: bytes, upTo: state)
      try require(
        kept...bytes.count ~= count, "\(count) of \(bytes.count) bytes, after \(kept) for an earlier step")
      kept = count
      try require(kept == 0 || bytes[kept - 1] == UInt8(ascii: "\n"), "a torn line is kept")
      let again = MetricsLog.lengthKept(of: Array(bytes[..<kept]), upTo: state)
      try require(again == kept, "of the \(kept) bytes kept, \(again) are kept")
    }
    _ = MetricsLog.dataset(ofLog: bytes)
    _ = MetricsLog.hasEnd(bytes)
    try checkGradients(bytes)
    try checkNotes(bytes)
    try checkLooks(bytes)
    guard kept == bytes.count else {
      throw LockstepError(.data, "fuzz", found: "\(bytes.count - kept) bytes that are no lines of metrics")
    }
  }
}
