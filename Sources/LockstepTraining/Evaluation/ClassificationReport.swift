/// What a network makes of a split's samples, class by class. Equal bits on all ranks and any number of them.
public struct ClassificationReport: Equatable, Sendable {
  /// Loss and accuracy.
  public let evaluation: Evaluation
  /// The class of the largest logit for each sample, [count]; of equal ones the first.
  public let predicted: [Int32]
  /// Each class's figures, by its number.
  public let classes: [ClassFigures]
  /// The means of the figures over classes.
  public let macro: MacroAverages
  /// The confusion matrix, without zeros.
  public let confusions: [Confusion]
  /// Of two classes, the area under the ROC curve of class 1's probability; nil for more, and if all samples are of one
  /// class.
  public let areaUnderCurve: Double?
  /// Of more than ten classes, the samples whose label is among those of the five largest logits; nil for fewer.
  public let topFiveHits: Int?
  /// The names of the classes, where the model has them.
  public var names: [String]?

  /// More classes than these have a top-5 accuracy.
  static let mostClassesWithoutTopFive = 10

  /// `scores` are the probabilities of class 1, if there are two classes, `topFiveHits` counts if there are more than
  /// ten. Labels and predictions are numbers from 0 to `classes` - 1, one of each a sample.
  package init(
    _ evaluation: Evaluation, labels: [Int32], predicted: [Int32], classes: Int, scores: [Double],
    topFiveHits: Int
  ) {
    var figures = [ClassFigures](repeating: ClassFigures(), count: classes)
    for (label, found) in zip(labels, predicted) {
      figures[Int(label)].samples += 1
      figures[Int(found)].predicted += 1
      if label == found { figures[Int(label)].hits += 1 }
    }
    self.evaluation = evaluation
    self.predicted = predicted
    self.classes = figures
    macro = MacroAverages(figures)
    confusions = Confusion.all(labels: labels, predicted: predicted)
    areaUnderCurve =
      classes == 2 ? LockstepTraining.areaUnderCurve(scores: scores) { labels[$0] == 1 } : nil
    self.topFiveHits = classes > Self.mostClassesWithoutTopFive ? topFiveHits : nil
  }
}
