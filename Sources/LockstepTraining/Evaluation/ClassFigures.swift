/// How well samples of one class are told from the others. A figure that would be 0/0 is nil.
public struct ClassFigures: Equatable, Sendable {
  /// The samples with this label.
  public var samples = 0
  /// The samples that were taken for this class.
  public var predicted = 0
  /// The samples that are both.
  public var hits = 0

  /// Whether there is a sample that has this label or was taken for it.
  public var occurs: Bool { samples + predicted > 0 }
  /// The fraction of those taken for this class that belong to it; nil if none was taken for it.
  public var precision: Double? { fraction(hits, of: predicted) }
  /// The fraction of the class's samples that were recognised; nil if it has none.
  public var recall: Double? { fraction(hits, of: samples) }
  /// The harmonic mean of both, 2 hits / (samples + predicted): 0 without hits, nil if the class does not occur.
  public var f1: Double? { fraction(2 * hits, of: samples + predicted) }

  private func fraction(_ part: Int, of whole: Int) -> Double? {
    whole == 0 ? nil : Double(part) / Double(whole)
  }
}

/// The means over the classes that occur, each of the same weight. A figure that is nil counts as 0, so that a class
/// that is never predicted lowers the precision: what scikit-learn's `average="macro", zero_division=0` gives.
public struct MacroAverages: Equatable, Sendable {
  public let precision: Double
  public let recall: Double
  public let f1: Double

  init(_ classes: [ClassFigures]) {
    let occurring = classes.filter(\.occurs)
    func mean(_ figure: (ClassFigures) -> Double?) -> Double {
      occurring.isEmpty ? 0 : occurring.reduce(0) { $0 + (figure($1) ?? 0) } / Double(occurring.count)
    }
    (precision, recall, f1) = (mean(\.precision), mean(\.recall), mean(\.f1))
  }
}
