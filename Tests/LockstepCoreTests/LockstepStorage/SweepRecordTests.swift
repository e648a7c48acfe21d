import LockstepCore
import Testing

/// `sweep.jsonl`, as it is written, cut and damaged.
@Suite struct SweepRecordTests {
  private let trials: [SweepTrial]
  private let head: String

  init() throws {
    trials = try SweepGrid(yaml: Array("lr: [1, 2]".utf8), path: "g.yaml").trials(.init()).trials
    head = SweepRecord.head(
      facts: [Fact("lr", "1.0 | 2.0")], trials: 2, dataset: "d", parameters: [("lr", ["1.0", "2.0"])])
  }

  private let rows = [
    SweepRow(
      trial: 1, rung: 1,
      outcome: .done(Evaluation(loss: 0.1, hits: 9, count: 10), weights: 0x0123_4567_89ab_cdef),
      epochs: [.init(trainLoss: 1.0 / 3, validationLoss: 0.1, validationQuality: 0.9)], seconds: 1.5),
    SweepRow(trial: 2, rung: 1, outcome: .failed(step: 3, message: "diverged"), epochs: [], seconds: 0.25),
  ]

  private var text: String {
    ([head] + zip(rows, trials).map { $0.line(of: $1) }).map { $0 + "\n" }.joined()
  }

  private func read(_ text: String) throws -> SweepRecord? {
    try SweepRecord(Array(text.utf8), path: "sweep.jsonl")
  }

  @Test func comesBack() throws {
    let record = try #require(try read(text))
    #expect(record.rows == rows && record.facts == ["lr": "1.0 | 2.0"] && record.length == text.utf8.count)
    #expect(rows[0].line(of: trials[0]).contains(#""parameters":{"lr":"1.0"},"status":"done""#))
  }

  /// A loss beyond all numbers is null in JSON.
  @Test func infiniteLoss() throws {
    var row = rows[0]
    row.outcome = .done(Evaluation(loss: .infinity, hits: 1, count: 10), weights: 1)
    #expect(SweepRow(line: Array(row.line(of: trials[0]).utf8)) == row)
  }

  /// Of numbers there are errors in the place of hits.
  @Test func errorsOfNumbers() throws {
    var row = rows[0]
    var validation = Evaluation(loss: 0.25, hits: 0, count: 10)
    let mean = RegressionErrors.Column(meanAbsolute: 3, rootMeanSquare: 4, r2: -0.5)
    validation.errors = RegressionErrors(columns: [mean])
    row.outcome = .done(validation, weights: 1)
    let line = row.line(of: trials[0])
    #expect(line.contains(#""validation_r2":-0.5"#) && !line.contains("hits") && !line.contains("accurac"))
    #expect(SweepRow(line: Array(line.utf8)) == row)
  }

  /// A kill leaves a part of the last line: what is before it counts, whatever its length.
  @Test func cutLines() throws {
    let bytes = Array(text.utf8)
    for count in 0..<bytes.count {
      let record = try SweepRecord(Array(bytes[..<count]), path: "sweep.jsonl")
      let lines = bytes[..<count].count { $0 == UInt8(ascii: "\n") }
      #expect(record?.rows.count == (lines == 0 ? nil : lines - 1))
      #expect(record.map { bytes[$0.length - 1] == UInt8(ascii: "\n") } ?? true)
    }
  }

  @Test func damage() {
    let first = rows[0].line(of: trials[0])
    for (text, fragments) in [
      (head + "\n" + first.dropLast() + "\n", ["line 2", "a trial's row"]),
      (head + "\n\n" + first + "\n", ["line 2"]),
      (head + "\n" + first + "\n" + first + "\n", ["line 3", "trial 1 again, after line 2"]),
      (first + "\n", ["line 1", "what a sweep tries"]),
      (head.replacing("\"format\":1", with: "\"format\":2") + "\n", ["line 1", "format 2"]),
      (head + "\n" + first.replacing("\"trial\":1", with: "\"trial\":0") + "\n", ["line 2"]),
      (head + "\n" + first.replacing("hits\":9", with: "hits\":11") + "\n", ["line 2"]),
      (head + "\n" + first.replacing("0123456789abcdef", with: "0123") + "\n", ["line 2"]),
    ] {
      let error = #expect(throws: LockstepError.self) { _ = try read(text) }
      #expect(error?.kind == .data)
      for fragment in fragments {
        #expect(error?.description.contains(fragment) == true, "\(fragment) in \(String(describing: error))")
      }
    }
  }
}
