import LockstepData
import LockstepSupport
import Synchronization

/// Every loss that recipes can name. Users `register` their own.
public enum LossRegistry {
  /// Of classes: softmax and cross-entropy.
  public static let crossEntropy = "cross-entropy"
  private static let meanSquaredError = "mse"
  private static let meanAbsoluteError = "l1"
  package static let names = [crossEntropy, meanSquaredError, meanAbsoluteError]
  private static let registered = Mutex<[any Loss.Type]>([])

  /// All that texts may name: the library's, then those of users.
  package static var allNames: [String] { names + registered.withLock { $0.map { $0.name } } }

  /// Makes recipes and models that name a loss of your own readable: before a recipe is read, or a run goes on.
  ///
  /// Throws `LockstepError` (usage) for a name that is taken or no word.
  public static func register(_ type: any Loss.Type) throws {
    let name = type.name
    func refusal(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .usage, "loss \(type)", expected: expected, found: found, fix: "Give it another name")
    }
    let isWord = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
    guard name.first?.isLetter == true, isWord else {
      throw refusal("a name of letters, digits and hyphens", "'\(name)'")
    }
    try registered.withLock { registered in
      if registered.contains(where: { $0 == type }) { return }
      guard !(names + registered.map { $0.name }).contains(name) else {
        throw refusal("a name of its own", "'\(name)', which is another loss's")
      }
      registered.append(type)
    }
  }

  /// Whether it is of labels that are numbers; nil for a loss that is not known.
  package static func isOfNumbers(_ name: String) -> Bool? {
    names.contains(name) ? name != crossEntropy : custom(name).map { !$0.isOfClasses }
  }

  /// The error of a name that is not known.
  package static func unknown(_ name: String) -> LockstepError {
    LockstepError(
      .usage, "loss", expected: "one of \(allNames.joined(separator: ", "))", found: "'\(name)'",
      fix: "If it is your own, use the program that registers it")
  }

  private static func custom(_ name: String) -> (any Loss.Type)? {
    registered.withLock { $0.first { $0.name == name } }
  }

  /// The loss over batches of at most `capacity` rows.
  ///
  /// Throws `LockstepError` (usage) for a name that is not known, as of a model that another program trained.
  package static func make(_ name: String, outputs: Int, capacity: Int, scaling: TargetScaling?) throws
    -> any BatchLoss
  {
    if name == crossEntropy { return SoftmaxCrossEntropy(classes: outputs, capacity: capacity) }
    if names.contains(name), let scaling {
      return ErrorLoss(isSquared: name == meanSquaredError, capacity: capacity, scaling: scaling)
    }
    guard let own = custom(name) else { throw unknown(name) }
    return CustomLoss(own, outputs: outputs, capacity: capacity)
  }
}
