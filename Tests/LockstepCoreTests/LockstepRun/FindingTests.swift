import LockstepCore
import Testing

/// What is said of runs that come to little, by their logs alone.
@Suite struct FindingTests {
  private func history(
    batch: Int = 64, epochs: [String], baseline: String = #""baseline_accuracy":0.1,"baseline_loss":2.3026"#
  ) -> RunHistory {
    let start =
      #"{"event":"start","training_samples":1000,"test_samples":500,"batch_size":\#(batch),"learning_rate":0.5,"#
      + #"\#(baseline),"baseline_class":3}"#
    return RunHistory(log: Array(([start] + epochs).joined(separator: "\n").utf8 + [10]))
  }

  private func epoch(_ number: Int, loss: Double, accuracy: Double, test: (Double, Double)? = nil) -> String {
    #"{"event":"epoch","epoch":\#(number),"step":\#(number * 50),"train_loss":\#(loss),"train_accuracy":\#(accuracy)"#
      + (test.map { #","test_loss":\#($0.0),"test_accuracy":\#($0.1)"# } ?? "") + "}"
  }

  private func texts(_ history: RunHistory) -> [String] { Finding.all(in: history).map(\.text) }

  @Test func aTrainingThatLearnsHasNone() {
    let losses = (1...3).map { epoch($0, loss: 1 / Double($0), accuracy: 0.7, test: (0.9, 0.6)) }
    #expect(texts(history(epochs: losses)).isEmpty)
  }

  /// Nor one of which little is known, or of which all labels are alike.
  @Test func littleIsJudgedByLittle() {
    #expect(texts(history(epochs: [])).isEmpty)
    #expect(texts(history(epochs: [epoch(1, loss: 2.31, accuracy: 0.1)])).isEmpty)
    let alike = #""baseline_accuracy":1,"baseline_loss":0"#
    let done = (1...2).map { epoch($0, loss: 0.01, accuracy: 1) }
    #expect(texts(history(epochs: done, baseline: alike)).isEmpty)
    #expect(Finding.all(in: RunHistory(log: Array(done.joined(separator: "\n").utf8))).isEmpty)
  }

  @Test func aBatchLargerThanTheData() throws {
    let text = try #require(texts(history(batch: 5000, epochs: [])).first)
    #expect(
      text.contains("batch-size 5000 is larger than the 1000") && text.contains("--batch-size 64"), "\(text)")
    #expect(texts(history(batch: 1000, epochs: [])).isEmpty)
  }

  /// After a jump the network answers alike for ever: the rate was too high.
  @Test func noBetterThanChanceAfterAJump() throws {
    let losses = [epoch(1, loss: 8, accuracy: 0.11), epoch(2, loss: 2.305, accuracy: 0.1)]
    let text = try #require(texts(history(epochs: losses)).first)
    #expect(
      text.contains("chance (10.00%, by always answering class 3)")
        && text.contains("lower the learning rate (0.5)")
        && text.contains("the labels do not belong"), "\(text)")
    // A loss or an accuracy of what has learned something is no such case.
    #expect(texts(history(epochs: losses + [epoch(3, loss: 2.1, accuracy: 0.1)])).isEmpty)
    #expect(texts(history(epochs: losses + [epoch(3, loss: 2.31, accuracy: 0.2)])).isEmpty)
    // What was learned and lost is one.
    let lost = try #require(texts(history(epochs: [epoch(1, loss: 2, accuracy: 0.3)] + losses)).first)
    #expect(lost.contains("has fallen back from 30.00% to chance"), "\(lost)")
  }

  /// Without a jump, and without a look at the model, either may be.
  @Test func noBetterThanChanceWithoutAJump() throws {
    let losses = (1...2).map { epoch($0, loss: 2.303, accuracy: 0.11) }
    let text = try #require(texts(history(epochs: losses)).first)
    #expect(text.contains("the labels do not belong to the samples"), "\(text)")
  }

  @Test func learnedByHeart() throws {
    let epochs = (1...2).map { epoch($0, loss: 0.5, accuracy: 0.9, test: (4, 0.11)) }
    let text = try #require(texts(history(epochs: epochs)).first)
    #expect(text.contains("training accuracy is 90.00%") && text.contains("look shuffled"), "\(text)")
    // A weak model is above chance.
    #expect(
      texts(history(epochs: (1...2).map { epoch($0, loss: 0.5, accuracy: 0.9, test: (4, 0.2)) })).isEmpty)
  }
}
