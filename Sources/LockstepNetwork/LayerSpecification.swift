/// A layer as a recipe writes it, for example:
///
///     dense 512           dense classes          relu   tanh   sigmoid   flatten
///     conv 10 5x5         conv 32 3x3 pad 1      conv 32 3x3 stride 2
///     maxpool 2           maxpool 3 stride 2     dropout 0.5             dropout2d 0.5
public enum LayerSpecification: Equatable, Sendable, CustomStringConvertible {
  /// nil outputs: as many as there are classes.
  case dense(outputs: Int?)
  case conv(outputs: Int, size: Int, stride: Int, padding: Int)
  case maxPool(size: Int, stride: Int)
  case dropout(Double)
  case dropout2D(Double)
  case flatten, relu, tanh, sigmoid

  /// What a layer may look like, for messages.
  package static let forms =
    "'dense N', 'dense classes', 'conv N KxK [stride S] [pad P]', 'maxpool K [stride S]', 'dropout P', 'dropout2d P', "
    + "'flatten', 'relu', 'tanh' or 'sigmoid'"

  public var description: String {
    switch self {
    case .dense(let outputs): "dense \(outputs.map(String.init) ?? "classes")"
    case .conv(let outputs, let size, let stride, let padding):
      "conv \(outputs) \(size)x\(size)" + (stride == 1 ? "" : " stride \(stride)")
        + (padding == 0 ? "" : " pad \(padding)")
    case .maxPool(let size, let stride): "maxpool \(size)" + (stride == size ? "" : " stride \(stride)")
    case .dropout(let probability): "dropout \(probability)"
    case .dropout2D(let probability): "dropout2d \(probability)"
    case .flatten: "flatten"
    case .relu: "relu"
    case .tanh: "tanh"
    case .sigmoid: "sigmoid"
    }
  }

  /// Whether a recipe can hold it.
  var isInRange: Bool { LayerSpecification(description) == self }

  /// Nil where the text is no layer.
  public init?(_ text: String) {
    var words = text.split(separator: " ").map(String.init)
    guard !words.isEmpty else { return nil }
    let name = words.removeFirst()
    /// Takes a number from 1 (or `least`) off the front; nil where there is none.
    func take(_ least: Int = 1) -> Int? {
      guard let word = words.first, let number = Int(word), least...1_000_000 ~= number else { return nil }
      words.removeFirst()
      return number
    }
    /// Takes "key N" off the front; nil where the key is there without a number.
    func take(_ key: String, default value: Int, least: Int = 1) -> Int? {
      guard words.first == key else { return value }
      words.removeFirst()
      return take(least)
    }
    switch name {
    case "dense" where words == ["classes"]: self = .dense(outputs: nil); return
    case "dense":
      guard let outputs = take() else { return nil }
      self = .dense(outputs: outputs)
    case "conv":
      guard let outputs = take(), let size = words.first.flatMap(Self.square) else { return nil }
      words.removeFirst()
      guard let stride = take("stride", default: 1), let padding = take("pad", default: 0, least: 0) else {
        return nil
      }
      self = .conv(outputs: outputs, size: size, stride: stride, padding: padding)
    case "maxpool":
      guard let size = take(), let stride = take("stride", default: size) else { return nil }
      self = .maxPool(size: size, stride: stride)
    case "dropout", "dropout2d":
      // As Float, as the layer takes it: 0.99999999 is 1 there, and leaves nothing to scale.
      guard let word = words.first, let probability = Double(word), 0..<1 ~= Float(probability) else {
        return nil
      }
      words.removeFirst()
      self = name == "dropout" ? .dropout(probability) : .dropout2D(probability)
    case "flatten": self = .flatten
    case "relu": self = .relu
    case "tanh": self = .tanh
    case "sigmoid": self = .sigmoid
    default: return nil
    }
    guard words.isEmpty else { return nil }
  }

  /// 5 from "5x5".
  private static func square(_ text: String) -> Int? {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let side = sides[0], side == sides[1], 1...1000 ~= side else { return nil }
    return side
  }
}
