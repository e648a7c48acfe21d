import LockstepData
import LockstepSupport
import Synchronization

/// The form of a layer of a user's own: its keyword, and numbers after it.
struct CustomForm<Own: Layer>: LayerForm {
  static var keyword: String { Own.keyword }
  static var parts: [FormPart<Self>] {
    [
      FormPart(
        placeholder: "[NUMBER ...]", name: "NUMBER", meaning: "a number",
        read: { words, form in
          let numbers = words.map { Double($0) }
          guard numbers.allSatisfy({ $0?.isFinite == true }) else { return false }
          (form.options, words) = (numbers.compactMap(\.self), [])
          return true
        }, write: { $0.options.map { "\($0)" } })
    ]
  }

  var options: [Double] = []

  func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
    let own = try Own(inputShape: network.layout.shape, options: options)
    try check(own, network)
    // An addition needs no multiplication: one output of so many inputs and a bias.
    try network.count(inputs: own.weightShape.elements + own.biasShape.elements - 1, outputs: 1)
    try network.count(tableEntries: network.layout.features + own.outputShape.elements)
    let layer = CustomLayer(own, input: network.layout)
    try network.require(layer.keepsSizes, "outputs and gradients of the sizes that they came with", "others")
    return layer
  }

  private func check(_ own: Own, _ network: NetworkBuilder) throws {
    let shapes = [own.outputShape, own.weightShape, own.biasShape]
    try network.require(
      [1, 3].contains(own.outputShape.count), "an output shape of [features] or [channels, height, width]",
      "\(own.outputShape)")
    try network.require(
      shapes.allSatisfy { shape in
        shape.allSatisfy { $0 >= 1 }
          && shape.reduce(1.0) { $0 * Double($1) } < Double(NetworkBuilder.mostFloats)
      }, "shapes of sizes from 1, fewer than 2^31 in all", "\(shapes)")
    try network.require(
      own.biasShape.isEmpty || !own.weightShape.isEmpty, "a weight where there is a bias", "none")
    try network.require(
      own.initialBound >= 0 && own.initialBound.isFinite, "an initial bound from 0", "\(own.initialBound)")
  }
}

extension LayerRegistry {
  /// Those of users.
  private static let registered = Mutex<[any LayerForm.Type]>([])

  /// All layers that texts may name: the library's, then those of users.
  static var all: [any LayerForm.Type] { forms + registered.withLock { $0 } }

  /// Makes recipes and model files that name a layer of your own readable. `LayerSpecification.layer` does it too: a
  /// program that only reads a model, or resumes a run, must before it begins.
  ///
  /// Throws `LockstepError` (usage) for a keyword that is taken or no word.
  public static func register<Own: Layer>(_ type: Own.Type) throws {
    func refusal(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .usage, "layer \(type)", expected: expected, found: found, fix: "Give it another keyword")
    }
    let word = Own.keyword
    guard word.first?.isLetter == true, word.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber) }) else {
      throw refusal("a keyword of letters and digits", "'\(word)'")
    }
    try registered.withLock { registered in
      guard !LayerReader.BlockName.names.contains(word) else {
        throw refusal("a keyword of its own", "'\(word)', which begins a block")
      }
      let others = (forms + registered).filter { $0.keyword == word }
      if others.contains(where: { $0 == CustomForm<Own>.self }) { return }
      guard others.isEmpty else {
        throw refusal("a keyword of its own", "'\(word)', which is another layer's")
      }
      registered.append(CustomForm<Own>.self)
    }
  }
}

extension [Int] {
  /// Of a tensor of this shape; none of [].
  var elements: Int { isEmpty ? 0 : reduce(1, *) }
}
