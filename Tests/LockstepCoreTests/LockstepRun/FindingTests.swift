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

  private func kinds(_ history: RunHistory) -> [Finding.Kind] { Finding.all(in: history).map(\.kind) }

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
    // What has learned something since is no such case, but still goes too far.
    for (loss, accuracy) in [(2.1, 0.1), (2.31, 0.2)] {
      let found = Finding.all(in: history(epochs: losses + [epoch(3, loss: loss, accuracy: accuracy)]))
      #expect(found.map(\.kind) == [.overshoot])
      #expect(found[0].text.contains("was 8 in epoch 1") && found[0].text.contains("steps go too far"))
    }
    #expect(texts(history(epochs: losses + [epoch(3, loss: 1.1, accuracy: 0.6)])).isEmpty)
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

  /// Classes of the test samples have other shares than those of the training samples.
  @Test func chanceIsThatOfThePart() {
    let epochs = (1...2).map { epoch($0, loss: 0.1, accuracy: 0.97, test: (2.5, 0.45)) }
    let training = #""baseline_accuracy":0.5,"baseline_loss":0.69"#
    #expect(kinds(history(epochs: epochs, baseline: training)) == [.shuffledLabels])
    let test = training + #","test_baseline_accuracy":0.1,"test_baseline_loss":5.1"#
    #expect(kinds(history(epochs: epochs, baseline: test)).isEmpty)
  }

  /// Weights of classes give up accuracy for rare ones, and a loss by them is no loss by shares.
  @Test func weightsOfClassesAreNoChance() {
    let unequal = #""classes":2,"baseline_accuracy":0.95,"baseline_loss":0.19"#
    let epochs = [epoch(1, loss: 0.62, accuracy: 0.74), epoch(2, loss: 0.36, accuracy: 0.86)]
    #expect(!texts(history(epochs: epochs, baseline: unequal)).isEmpty)
    #expect(texts(history(epochs: epochs, baseline: unequal + #","class_weights":"balanced""#)).isEmpty)
  }

  /// Half of what was learned is lost again; little by little less is no fault of the rate.
  @Test func accuracyThatFalls() throws {
    let falling = [epoch(1, loss: 1.4, accuracy: 0.62), epoch(2, loss: 1.9, accuracy: 0.4)]
    let text = try #require(texts(history(epochs: falling)).first)
    #expect(
      text.contains("has fallen from 62.00% to 40.00%") && text.contains("lower the learning rate (0.5)"),
      "\(text)")
    let wavering = [epoch(1, loss: 1.4, accuracy: 0.62), epoch(2, loss: 1.5, accuracy: 0.55)]
    #expect(texts(history(epochs: wavering)).isEmpty)
    // The best is kept.
    let kept = #"{"event":"kept_best","epoch":1,"validation_loss":1.4}"#
    #expect(texts(history(epochs: falling + [kept])).isEmpty)
    #expect(kinds(history(epochs: falling + [kept, epoch(3, loss: 2, accuracy: 0.3)])) == [.fallen])
  }

  /// A loss above that of knowing nothing, though samples are told apart.
  @Test func stepsThatGoTooFar() throws {
    let epochs = (1...2).map { epoch($0, loss: 113, accuracy: 0.88, test: (95, 0.89)) }
    let text = try #require(texts(history(epochs: epochs)).first)
    #expect(text.contains("steps go too far. Lower the learning rate (0.5)"), "\(text)")
    // A first epoch's mean has the first steps in it.
    let better = [epoch(1, loss: 9, accuracy: 0.6), epoch(2, loss: 3, accuracy: 0.88, test: (0.4, 0.89))]
    #expect(texts(history(epochs: better)).isEmpty)
  }

  /// How far the weights are, the log says at the end.
  @Test(arguments: [
    ("0.001", Finding.Kind.standstill, "Raise --lr"), ("0.3", .chance, "raise"), ("9", .chance, "lower"),
  ])
  func weightsThatHaveMoved(change: String, kind: Finding.Kind, advice: String) throws {
    let epochs = (1...3).map { epoch($0, loss: 2.303, accuracy: 0.1) }
    let end = #"{"event":"end","step":150,"weights_change":\#(change)}"#
    let found = Finding.all(in: history(epochs: epochs + [end]))
    #expect(found.map(\.kind) == [kind])
    #expect(found[0].text.contains(advice), "\(found[0].text)")
  }

  /// Of classes of unequal shares a network that knows nothing begins far above the loss of their shares: no jump.
  @Test func aSlowStartIsNoJump() throws {
    let unequal = #""classes":2,"baseline_accuracy":0.95,"baseline_loss":0.2"#
    let slow = (1...3).map { epoch($0, loss: 0.7 - 0.05 * Double($0), accuracy: 0.8) }
    let text = try #require(
      texts(history(epochs: slow + [#"{"event":"end","weights_change":0.04}"#], baseline: unequal)).first)
    #expect(text.contains("has reached little") && text.contains("Raise --lr"), "\(text)")
  }

  /// What overfits, few test samples, and an epoch that made something of them are no fault of the labels.
  @Test func labelsThatAreSound() {
    let training = #""baseline_accuracy":0.5,"baseline_loss":0.69"#
    func found(_ tests: [(Double, Double)], samples: Int = 500) -> [Finding.Kind] {
      let epochs = tests.enumerated().map { epoch($0 + 1, loss: 0.3, accuracy: 0.9, test: $1) }
      let count = #","test_samples":\#(samples)"#
      let whole = history(epochs: epochs, baseline: training)
      guard samples != 500 else { return kinds(whole) }
      let start =
        #"{"event":"start","training_samples":1000,"batch_size":64\#(count),\#(training),"baseline_class":0}"#
      return Finding.all(in: RunHistory(log: Array(([start] + epochs).joined(separator: "\n").utf8))).map(
        \.kind)
    }
    #expect(found([(0.9, 0.5), (1.2, 0.51)]) == [.shuffledLabels])
    #expect(found([(0.6, 0.51), (1.2, 0.51)]).isEmpty)
    #expect(found([(0.7, 0.62), (1.2, 0.53)]).isEmpty)
    #expect(found([(0.9, 0.58), (1.2, 0.58)], samples: 12).isEmpty)
  }
}
