import LockstepSupport

extension Normalization: CustomStringConvertible {
  /// "none", "auto" or "MEAN,DEVIATION", as recipes write it.
  public var description: String {
    switch self {
    case .none: "none"
    case .auto: "auto"
    case .fixed(let mean, let deviation): "\(mean),\(deviation)"
    }
  }

  /// Reads "none", "auto" or "MEAN,DEVIATION", the deviation above 0; nil for anything else.
  public init?(_ text: String) {
    switch text {
    case "none": self = .none
    case "auto": self = .auto
    default:
      guard let numbers = list(text, { Double($0) }), numbers.count == 2, numbers[1] > 0,
        numbers.allSatisfy(\.isFinite)
      else { return nil }
      self = .fixed(mean: numbers[0], deviation: numbers[1])
    }
  }
}
