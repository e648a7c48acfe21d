import Foundation
import LockstepCore
import Testing

/// What `evaluate` prints and writes is the same bytes on any number of ranks and threads.
@Suite struct EvaluateTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// What `evaluate` gives in its three forms.
  private struct Forms: Equatable {
    var text = "", json = "", predictions = ""
  }

  private func evaluate(
    _ run: TrainingRun, _ data: String, ranks: Int? = nil, threads: Int? = nil,
    environment: [String: String] = [:]
  ) throws -> Forms {
    let path = scene.scratch.file("predictions.csv")
    let team = threads.map { ["--threads", String($0)] } ?? []
    let arguments = ["evaluate", run.path, "--data", data] + team
    let text = try lockstep(arguments, ranks: ranks, environment: environment)
    let json = try lockstep(
      arguments + ["--json", "--predictions", path], ranks: ranks, environment: environment)
    for result in [text, json] { try #require(result.status == 0, "\(result.errors)") }
    return Forms(
      text: text.output, json: json.output, predictions: try String(contentsOfFile: path, encoding: .utf8))
  }

  /// The scene's digits with other labels.
  private func relabelled(_ label: (_ digit: UInt8, _ index: Int) -> UInt8) throws -> String {
    let other = scene.scratch.file("relabelled")
    try FileManager.default.copyItem(atPath: scene.data, toPath: other)
    for part in ["train", "t10k"] {
      let url = URL(fileURLWithPath: "\(other)/\(part)-labels-idx1-ubyte")
      let bytes = try Data(contentsOf: url)
      let labels = bytes.dropFirst(8).enumerated().map { label($0.element, $0.offset) }
      try (bytes.prefix(8) + labels).write(to: url)
    }
    return other
  }

  private func expectSameEverywhere(_ run: TrainingRun, _ data: String, classes: Int) throws -> Forms {
    let alone = try evaluate(run, data)
    #expect(alone.text.hasSuffix("\ndataset \(data)\n\(run.accuracyLine)\n"), "\(alone.text)")
    for (ranks, threads) in [(1, 3), (2, 1), (3, 2), (4, 1), (7, 1)] {
      let forms = try evaluate(run, data, ranks: ranks, threads: threads)
      #expect(forms == alone, "\(ranks) ranks of \(threads) threads")
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      #expect(try evaluate(run, data, environment: ["LOCKSTEP_ISA": name]) == alone, "\(name)")
    }
    try expectConsistent(alone, run, classes: classes)
    return alone
  }

  /// JSON, predictions and the digest say the same.
  private func expectConsistent(_ forms: Forms, _ run: TrainingRun, classes: Int) throws {
    #expect(forms.json.split(separator: "\n").count == 1)
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(forms.json.utf8)) as? [String: Any])
    #expect(json["weights"] as? String == run.digest && json["classes"] as? Int == classes)
    #expect(json["samples"] as? Int == 300)
    let lines = forms.predictions.split(separator: "\n").map(String.init)
    #expect(lines[0] == "predicted,label," + (0..<classes).map { "p\($0)" }.joined(separator: ","))
    #expect(lines.count == 301)
    var matrix = [[Int]](repeating: [Int](repeating: 0, count: classes), count: classes)
    for line in lines.dropFirst() {
      let cells = line.split(separator: ",")
      let (predicted, label) = (try #require(Int(cells[0])), try #require(Int(cells[1])))
      let probabilities = cells.dropFirst(2).map { Double($0) ?? .nan }
      #expect(probabilities.count == classes && abs(probabilities.reduce(0, +) - 1) < 1e-12, "\(line)")
      #expect(probabilities[predicted] == probabilities.max(), "\(line)")
      matrix[label][predicted] += 1
    }
    #expect(json["confusion_matrix"] as? [[Int]] == matrix)
    let hits = (0..<classes).reduce(0) { $0 + matrix[$1][$1] }
    // As text, because JSONSerialization may read a neighbour of the number.
    #expect(forms.json.contains("\"hits\":\(hits),\"accuracy\":\(Double(hits) / 300),"))
    #expect(run.accuracyLine.contains("(\(hits)/300)"))
  }

  @Test func digits() throws {
    let run = try scene.train(["--epochs", "1"])
    let forms = try expectSameEverywhere(run, scene.data, classes: 10)
    #expect(!forms.text.contains("AUC") && !forms.text.contains("top-5") && !forms.json.contains("auc"))
    #expect(forms.text.contains("confusion matrix: rows are actual, columns predicted classes\n"))
  }

  @Test func twoClasses() throws {
    let data = try relabelled { digit, _ in digit & 1 }
    let run = try scene.train(["--max-steps", "20", "--model", "linear"], data: data)
    let forms = try expectSameEverywhere(run, data, classes: 2)
    let area = try #require(try #/"auc":(0\.\d+)/#.firstMatch(in: forms.json)?.output.1)
    #expect(forms.text.contains("\nAUC \(fixed(Double(area)!, 4))\n"))
    // From the file, every pair of samples of both classes.
    let scores = forms.predictions.split(separator: "\n").dropFirst().map { line in
      let cells = line.split(separator: ",")
      return (isPositive: cells[1] == "1", score: Double(cells[3])!)
    }
    let (ones, others) = (scores.filter(\.isPositive), scores.filter { !$0.isPositive })
    let wins = ones.reduce(0.0) { sum, one in
      others.reduce(sum) { $0 + (one.score > $1.score ? 1 : one.score == $1.score ? 0.5 : 0) }
    }
    #expect(Double(area) == wins / Double(ones.count * others.count))
  }

  @Test func twentyClasses() throws {
    let data = try relabelled { digit, index in digit + UInt8(index % 2) * 10 }
    let run = try scene.train(["--epochs", "1"], data: data)
    let forms = try expectSameEverywhere(run, data, classes: 20)
    let near = try #require(try #/top-5 accuracy [\d.]+% \((\d+)\/300\)/#.firstMatch(in: forms.text))
    #expect(forms.json.contains("\"top5_accuracy\":\(Double(near.output.1)! / 300),"))
  }
}
