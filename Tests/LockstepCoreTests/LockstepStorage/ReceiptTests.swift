import LockstepCore
import Testing

@Suite struct ReceiptTests {
  private static let epochs = (1...3).map {
    Receipt.Epoch(
      epoch: $0, step: 10 * $0, weights: UInt64($0) << 40,
      figures: ["train_loss": 1 / Double($0), "test_accuracy": 0.1 * Double($0)])
  }

  private static let receipt = Receipt(
    version: "0.1.0", contract: 1, recipe: "model: linear\n", dataset: "a \"b\"", datasetDigest: 5,
    files: ["train-images": "00", "train-labels": "11"], initialWeights: 7, epochs: epochs, step: 34,
    weights: .max, figures: ["validation_loss": 0.3, "validation_accuracy": 1])

  @Test func comesBack() throws {
    #expect(try Receipt(json: Self.receipt.json, path: "r") == Self.receipt)
    var plain = Self.receipt
    (plain.initialWeights, plain.epochs, plain.figures) = (nil, [], [:])
    #expect(try Receipt(json: plain.json, path: "r") == plain)
  }

  @Test(arguments: [
    [#""receipt":1"#, #""receipt":2"#, "format 2"], [#""step":20"#, #""step":21"#, "do not fit"],
    [#""step":34"#, #""step":29"#, "do not fit"], [#""epoch":2"#, #""epoch":3"#, "do not fit"],
    [#""step":10"#, #""step":0"#, "do not fit"], [#""epoch":1,"#, #""epoch":0,"#, "do not fit"],
    [#""epoch":3,"#, #""epoch":-3,"#, "do not fit"], [#""epoch":3,"#, #""epoch":1e15,"#, "do not fit"],
    [#""step":34"#, #""step":1e30"#, "no such JSON"], [#""epochs":["#, #""epochs":[1,"#, "no such JSON"],
    ["ffffffffffffffff", "FFFFFFFFFFFFFFFF", "for a digest"],
    [#""weights":"f"#, #""weights":"+"#, "for a digest"],
    ["}", "", "no such JSON"],
  ])
  func whatIsNone(change: [String]) {
    let text = String(decoding: Self.receipt.json, as: UTF8.self).replacing(change[0], with: change[1])
    expectDataError("r", [change[2]]) { try Receipt(json: Array(text.utf8), path: "r") }
  }

  @Test func segmentsOfATraining() {
    let segments = Segment.all(of: Self.receipt)
    #expect(segments.map(\.start) == [0, 10, 20, 30] && segments.map(\.end) == [10, 20, 30, 34])
    #expect(segments.map(\.epoch) == [1, 2, 3, nil])
    #expect(segments[1].weights == 2 << 40 && segments[3].weights == .max)
    #expect(segments[3].name == "steps 31 to 34, after the last epoch")
    var whole = Self.receipt
    whole.step = 30
    #expect(Segment.all(of: whole).count == 3)
    whole.epochs = []
    #expect(Segment.all(of: whole).map(\.start) == [0])
  }

  /// A run that is not over, and one of an earlier version, whose epochs have no digest.
  @Test func ofALog() throws {
    let data = try formulaDataset(samples: 5, features: 3, classes: 2)
    let epoch = #"{"event":"epoch","epoch":1,"step":2,"train_loss":0.5,"weights":"00000000000000ff"}"# + "\n"
    let end = #"{"event":"end","step":2,"test_loss":0.25,"weights":"00000000000000ff"}"# + "\n"
    func receipt(_ log: String) throws -> Receipt? {
      try Receipt(of: RunHistory(log: Array(log.utf8)), recipe: Recipe(), dataset: data)
    }
    #expect(try receipt(epoch) == nil)
    let whole = try #require(try receipt(epoch + end))
    #expect(whole.epochs == [.init(epoch: 1, step: 2, weights: 255, figures: ["train_loss": 0.5])])
    #expect(whole.weights == 255 && whole.figures == ["test_loss": 0.25] && whole.contract == Build.contract)
    #expect(Set(whole.files.keys).isSuperset(of: ["train-images", "train-labels"]))
    let old = try #require(try receipt(#"{"event":"epoch","epoch":1,"step":2}"# + "\n" + end))
    #expect(old.epochs.isEmpty)
  }
}
