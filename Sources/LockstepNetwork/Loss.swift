/// What a sample is to be taken for: a class, or numbers as the network learns them, scaled.
public struct LossTarget: Sendable {
  /// From 0; 0 where labels are numbers.
  public let label: Int
  /// [columns]; empty where labels are classes.
  public let values: [Float]
}

/// A loss of your own, for one sample. Recipes take it by its name once it is registered:
///
///     try LossRegistry.register(Huber.self)
///     recipe.loss = "huber"
///
/// It is part of the numerical contract if it is a function of its arguments alone: then the same bits come out on any
/// number of ranks and threads. The library takes the mean over a batch.
public protocol Loss: Sendable {
  /// What recipes call it: letters, digits and hyphens, other than any loss there is.
  static var name: String { get }
  /// Whether labels are classes, and not numbers, the default. Evaluations tell the cross-entropy of classes.
  static var isOfClasses: Bool { get }

  /// The loss of what a network gives of a sample, [classes] or [columns]. Sets dL/doutputs, which comes as zeros.
  static func evaluate(_ outputs: [Float], _ target: LossTarget, gradient: inout [Float]) -> Double
}

extension Loss {
  public static var isOfClasses: Bool { false }
}
