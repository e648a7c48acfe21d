import LockstepSupport

/// How much the samples of each class count in the loss of training, as the `weight` of torch.nn.CrossEntropyLoss: a
/// batch's losses are divided by the sum of its samples' weights.
public enum ClassWeights: Equatable, Sendable, CustomStringConvertible {
  /// All the same.
  case none
  /// Each class as much as any other: n / (k nᵢ) for the nᵢ of n training samples that are of one of k classes.
  case balanced
  /// One a class, not negative.
  case fixed([Double])

  /// "none", "balanced", or the weights with commas; nil for what is neither.
  public init?(_ text: String) {
    switch text {
    case "none": self = .none
    case "balanced": self = .balanced
    default:
      let weights = text.split(separator: ",", omittingEmptySubsequences: false).map {
        Double($0.drop { $0 == " " })
      }
      let known = weights.compactMap { $0 }
      guard known.count == weights.count, known.allSatisfy({ 0...1e6 ~= $0 }),
        known.contains(where: { $0 > 0 })
      else { return nil }
      self = .fixed(known)
    }
  }

  public var description: String {
    switch self {
    case .none: "none"
    case .balanced: "balanced"
    case .fixed(let weights): weights.map { "\($0)" }.joined(separator: ",")
    }
  }

  /// The weights of the classes, of which there are as many training samples each; nil for none.
  ///
  /// Throws `LockstepError` (usage) where their numbers differ.
  func resolved(samples count: @autoclosure () -> [Int]) throws -> [Float]? {
    // Without weights nothing needs to be counted.
    if self == .none { return nil }
    let samples = count()
    switch self {
    case .none: return nil
    case .balanced:
      let (all, present) = (Double(samples.reduce(0, +)), Double(samples.count { $0 > 0 }))
      return samples.map { $0 > 0 ? Float(all / (present * Double($0))) : 0 }
    case .fixed(let weights):
      guard weights.count == samples.count else {
        throw LockstepError(
          .usage, "class-weights", expected: "\(samples.count) numbers, one a class",
          found: "\(weights.count)",
          fix: "Give as many, or balanced")
      }
      return weights.map { Float($0) }
    }
  }
}
