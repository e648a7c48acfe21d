import LockstepCore
import Testing

@Suite struct MetricsLogPrefixTests {
  static let lines = [
    #"{"event":"start","steps":4}"#, #"{"event":"step","step":1}"#,
    #"{"event":"step","step":2,"train_loss":null}"#,
    #"{"event":"epoch","epoch":1,"step":2}"#, #"{"event":"overfitting","since_epoch":1}"#,
    #"{"event":"step","step":3}"#, #"{"event":"end","step":4}"#,
  ]

  private func kept(_ text: String, through step: Int) -> String {
    let bytes = Array(text.utf8)
    let count = MetricsLog.linesToKeep(bytes, throughStep: step)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  private func text(_ lines: some Sequence<String>) -> String { lines.map { $0 + "\n" }.joined() }

  @Test(arguments: [(-1, 1), (0, 1), (1, 2), (2, 5), (3, 6), (4, 7), (Int.max, 7)])
  func linesThroughAStepStay(step: Int, count: Int) {
    #expect(kept(text(Self.lines), through: step) == text(Self.lines.prefix(count)))
  }

  @Test func aTornLineGoes() {
    let whole = text(Self.lines)
    for count in 0..<whole.utf8.count {
      let torn = whole.prefix(count)
      let end = torn.lastIndex(of: "\n").map(torn.index(after:)) ?? torn.startIndex
      #expect(kept(String(torn), through: 4) == torn[..<end])
    }
  }

  @Test(arguments: [
    "", "x", "{}", "[1]", #"{"event":1}"#, #"{"event":"step","step":1.5}"#, "\0\0\0", #"{"event":"a"} x"#,
  ])
  func whatIsNoEventEndsThem(line: String) {
    let before = text(Self.lines.prefix(2))
    #expect(kept(before + line + "\n" + text(Self.lines.dropFirst(2)), through: 4) == before)
  }
}
