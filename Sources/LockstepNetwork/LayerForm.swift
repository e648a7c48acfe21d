import LockstepData
import LockstepSupport

/// How recipes write one kind of layer, and how it is made. A value holds one layer's options.
package protocol LayerForm: Sendable {
  /// The first word.
  static var keyword: String { get }
  /// The words after it, in order.
  static var parts: [FormPart<Self>] { get }
  /// Texts that use every part. Tests try each in networks of vectors and of images.
  static var examples: [String] { get }

  /// All options at their defaults.
  init()

  /// Makes the layer for the network's output so far; nil if there is nothing to compute.
  ///
  /// Throws `LockstepError` (usage) if it does not fit.
  func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)?
}

extension LayerForm {
  package static var parts: [FormPart<Self>] { [] }
  package static var examples: [String] { [keyword] }

  /// "conv N KxK [stride S] [pad P]", for messages.
  package static var pattern: String { ([keyword] + parts.map(\.placeholder)).joined(separator: " ") }

  /// As recipes write it, defaults left out.
  var text: String { ([Self.keyword] + Self.parts.flatMap { $0.write(self) }).joined(separator: " ") }

  /// Reads the words after the keyword.
  static func read(_ words: [String]) -> Result<LayerSpecification, LayerMisreading> {
    var (words, form) = (words[...], Self())
    func misreading(_ why: String) -> Result<LayerSpecification, LayerMisreading> {
      .failure(LayerMisreading(expected: "'\(pattern)'", fix: why))
    }
    for part in parts where !part.read(&words, &form) {
      let found = words.first.map { "not '\($0)'" } ?? "and is missing"
      return misreading("\(part.name) is \(part.meaning), \(found)")
    }
    return words.first.map { misreading("Leave out '\($0)'") } ?? .success(LayerSpecification(form))
  }
}

/// Why a text is no layer.
struct LayerMisreading: Error {
  let expected: String
  let fix: String?
  /// The layer of a block that it is about, and its place: "'dens 3' as layer 1".
  var inner: String?
}

/// A layer without options: the layout of its input says all.
package protocol PlainLayer: NetworkLayer {
  /// What recipes call it.
  static var keyword: String { get }
  init(_ layout: FeatureLayout)
}

/// The form of such a layer: its name alone.
package struct PlainForm<L: PlainLayer>: LayerForm {
  package static var keyword: String { L.keyword }
  package init() {}
  package func makeLayer(in network: inout NetworkBuilder) -> (any NetworkLayer)? { L(network.layout) }
}
