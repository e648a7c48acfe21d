/// A layer of your own, with its forward and backward pass for one sample. A network takes it by
/// `LayerSpecification.layer`, and from then on recipes, models and checkpoints know it by its `keyword`:
///
///     recipe.network = [.dense(outputs: 32), try .layer(Scale.self), .dense(outputs: nil)]
///
/// It is part of the numerical contract if its passes are functions of their arguments alone: then the same bits come
/// out on any number of ranks and threads. The library sums its gradient over samples and ranks.
public protocol Layer: Sendable {
  /// What recipes and model files call it: a letter, then letters and digits; other than any layer there is.
  static var keyword: String { get }

  /// Makes the layer for inputs of a shape, [features] or [channels, height, width]. `options` are the numbers after
  /// its keyword: 'scale 0.5'. An error that it throws is the network's.
  init(inputShape: [Int], options: [Double]) throws

  /// [features] or [channels, height, width].
  var outputShape: [Int] { get }
  /// The shape of what it learns, `weight`; [] for nothing, the default.
  var weightShape: [Int] { get }
  /// The shape of what it learns besides, `bias`; [] for nothing, the default. A bias needs a weight.
  var biasShape: [Int] { get }
  /// What it learns begins uniform in [-initialBound, initialBound); 0, the default: at 0.
  var initialBound: Float { get }

  /// Sets y = f(x) for one sample. `x` and `y` have the elements of the input's and output's shape, row-major; `y`
  /// comes as zeros.
  func forward(_ x: [Float], _ learned: LayerWeights, to y: inout [Float])

  /// Given dL/dy of one sample, sets dL/dx, which comes as zeros, and adds dL/dweight and dL/dbias to `gradient`.
  func backward(
    _ x: [Float], dy: [Float], _ learned: LayerWeights, to dx: inout [Float],
    adding gradient: inout LayerWeights)
}

extension Layer {
  public var weightShape: [Int] { [] }
  public var biasShape: [Int] { [] }
  public var initialBound: Float { 0 }
}

/// What a layer of one's own learns, or the gradient of it: the elements of its two tensors, row-major.
public struct LayerWeights: Sendable {
  public var weight: [Float]
  public var bias: [Float]
}

extension LayerSpecification {
  /// A layer of your own, which is registered too (`LayerRegistry.register`).
  ///
  /// Throws `LockstepError` (usage) for a keyword that is taken or no word, and for options that are not finite.
  public static func layer<Own: Layer>(_ type: Own.Type, _ options: Double...) throws -> Self {
    try LayerRegistry.register(type)
    return Self(CustomForm<Own>(options: options))
  }
}
