/// The steps of a training whose gradients are traced.
public enum TracedSteps: Equatable, Sendable {
  /// The first ones that a start takes: those after a checkpoint, where it resumes.
  case first(Int)
  /// Steps of the training, counted from 1.
  case range(ClosedRange<Int>)

  /// What `init(text:)` takes, for messages.
  public static let form =
    "a number of steps such as 10 (the first ones of this start), or steps of the training such as 100-120"

  /// "10" or "100-120", numbers from 1 to 10^15; nil for all else.
  public init?(text: String) {
    guard let (_, first, last) = text.wholeMatch(of: /([0-9]{1,15})(?:-([0-9]{1,15}))?/)?.output,
      let first = Int(first), first > 0
    else { return nil }
    guard let last else {
      self = .first(first)
      return
    }
    guard let last = Int(last), last >= first else { return nil }
    self = .range(first...last)
  }

  /// The steps, counted from 1, of a start that goes on after so many.
  public func steps(after done: Int) -> ClosedRange<Int> {
    switch self {
    case .first(let count): done + 1...done + count
    case .range(let steps): steps
    }
  }
}
