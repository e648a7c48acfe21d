/// A layer as a recipe writes it: "dense 512", "relu".
public enum LayerSpecification: Equatable, Sendable, CustomStringConvertible {
  case dense(outputs: Int)
  case relu

  public var description: String {
    switch self {
    case .dense(let outputs): "dense \(outputs)"
    case .relu: "relu"
    }
  }

  /// Nil where the text is no layer.
  public init?(_ text: String) {
    let words = text.split(separator: " ")
    switch words.first {
    case "dense" where words.count == 2:
      guard let outputs = Int(words[1]), outputs >= 1 else { return nil }
      self = .dense(outputs: outputs)
    case "relu" where words.count == 1: self = .relu
    default: return nil
    }
  }
}
