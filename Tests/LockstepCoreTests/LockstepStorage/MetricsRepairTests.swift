import Foundation
import LockstepCore
import Testing

/// The log of a run that goes on has each line once.
@Suite struct MetricsRepairTests {
  /// Two steps an epoch; epoch 2 overfits.
  static let lines = [
    #"{"event":"start","dataset":"d"}"#, #"{"event":"step","epoch":1,"step":1}"#,
    #"{"event":"step","epoch":1,"step":2}"#, #"{"event":"epoch","epoch":1,"step":2}"#,
    #"{"event":"checkpoint","step":2}"#, #"{"event":"step","epoch":2,"step":3}"#,
    #"{"event":"resume","epoch":2,"step":3}"#,
    #"{"event":"step","epoch":2,"step":4}"#, #"{"event":"epoch","epoch":2,"step":4}"#,
    #"{"event":"overfitting","since_epoch":1}"#, #"{"event":"stopped_early","epoch":2}"#,
    #"{"event":"kept_best","epoch":1}"#, #"{"event":"end","step":4}"#,
  ]

  private func kept(_ text: String, step: Int, epoch: Int) -> Int {
    var state = TrainingState()
    (state.step, state.epoch, state.stepOfEpoch) = (step, epoch, step - 2 * epoch)
    let length = MetricsLog.lengthKept(of: Array(text.utf8), upTo: state)
    let kept = text.utf8.prefix(length)
    #expect(kept.isEmpty || kept.last == UInt8(ascii: "\n"))
    return kept.count { $0 == UInt8(ascii: "\n") }
  }

  /// Step 2 with epoch 0 is a run that was stopped before it evaluated: the epoch's line comes again.
  @Test(arguments: [(0, 0, 0), (1, 0, 2), (2, 0, 3), (2, 1, 5), (3, 1, 7), (4, 1, 8), (4, 2, 10)])
  func linesUpToTheState(step: Int, epoch: Int, lines: Int) {
    let text = Self.lines.joined(separator: "\n") + "\n"
    #expect(kept(text, step: step, epoch: epoch) == lines)
  }

  @Test func aTornLineGoes() {
    let text = Self.lines[..<6].joined(separator: "\n") + "\n"
    for length in 0...text.utf8.count {
      let part = String(decoding: text.utf8.prefix(length), as: UTF8.self)
      #expect(kept(part, step: 100, epoch: 50) == part.utf8.count { $0 == UInt8(ascii: "\n") })
    }
  }

  @Test(arguments: ["\0\0\0\0", "{}", "[]", #"{"event":1}"#, "garbage", ""])
  func whatIsNoEventStaysBetweenEvents(line: String) {
    let text = Self.lines[..<2].joined(separator: "\n\(line)\n") + "\n"
    #expect(kept(text, step: 100, epoch: 50) == 3)
    #expect(kept(text + line + "\n", step: 100, epoch: 50) == 3)
    #expect(kept(text, step: 0, epoch: 50) == 0)
  }

  /// A line that is longer than any of ours is not looked at, and what comes after it is.
  @Test func aLongLineIsPassedOver() {
    let long = #"{"event":"end","x":""# + String(repeating: "x", count: 1 << 16) + "\"}"
    #expect(kept([Self.lines[0], long, Self.lines[1], ""].joined(separator: "\n"), step: 1, epoch: 0) == 3)
  }

  @Test func theFileIsCutAndGoesOn() throws {
    let directory = try TemporaryDirectory()
    let path = try directory.write(
      Array((Self.lines.joined(separator: "\n") + "\n{\"ev").utf8), as: "metrics.jsonl")
    var state = TrainingState()
    (state.step, state.stepOfEpoch) = (1, 1)
    let log = try MetricsLog(path: path, logEvery: 1, resuming: state)
    try log.observe(.checkpoint(path: "a/b", step: 1))
    let text = String(decoding: try readFile(path, limit: 1 << 20, kind: .data), as: UTF8.self)
    #expect(
      text == Self.lines[...1].joined(separator: "\n") + "\n" + #"{"event":"checkpoint","step":1,"file":"b"}"#
        + "\n")
  }

  /// A failure is the run's end until it goes on.
  @Test func aFailureGoes() {
    let text =
      Self.lines[..<5].joined(separator: "\n") + "\n" + #"{"event":"error","step":2,"reason":"r"}"# + "\n"
    #expect(kept(text, step: 2, epoch: 1) == 5)
    #expect(!MetricsLog.hasEnd(Array(text.utf8)))
    #expect(MetricsLog.hasEnd(Array(Self.lines.joined(separator: "\n").utf8)))
  }

  @Test func aLogThatIsLostIsNoticed() throws {
    let directory = try TemporaryDirectory([
      "torn": Array(Self.lines[0].utf8), "whole": Array((Self.lines[0] + "\n").utf8),
    ])
    var state = TrainingState()
    (state.step, state.stepOfEpoch) = (1, 1)
    for (name, lacks) in [("torn", true), ("absent", true), ("whole", false)] {
      let log = try MetricsLog(path: directory.path + "/" + name, logEvery: 1, resuming: state)
      #expect(log.lacksBeginning == lacks, "\(name)")
    }
    #expect(mkfifo(directory.path + "/fifo", 0o600) == 0)
    #expect(throws: LockstepError.self) { try MetricsLog(path: directory.path + "/fifo", logEvery: 1) }
  }

  @Test func theDatasetIsFound() {
    #expect(MetricsLog.dataset(ofLog: Array((Self.lines[0] + "\n{").utf8)) == "d")
    for log in ["", "{}", "{\"dataset\":", "\n"] {
      #expect(MetricsLog.dataset(ofLog: Array(log.utf8)) == nil)
    }
  }
}
