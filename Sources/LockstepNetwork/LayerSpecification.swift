import LockstepSupport

/// A layer as a recipe writes it, for example 'conv 32 3x3 stride 2'. Each layer has a static member or function here
/// that gives its shapes; `LayerForm` defines the text, `LayerRegistry` lists all layers.
public struct LayerSpecification: Equatable, Sendable, CustomStringConvertible {
  let form: any LayerForm

  init(_ form: any LayerForm) { self.form = form }

  /// The text as recipes write it, without defaults.
  public var description: String { form.text }

  public static func == (a: LayerSpecification, b: LayerSpecification) -> Bool {
    a.description == b.description
  }

  /// Reads a layer's text; nil if it is not one.
  public init?(_ text: String) {
    guard case .success(let layer) = Self.read(text) else { return nil }
    self = layer
  }

  /// Reads a comma-separated list of layers.
  ///
  /// Throws `LockstepError` (usage) about `subject` for the first text that is not a layer, with its position from 0.
  package static func list(_ text: String, subject: String) throws -> [LayerSpecification] {
    try text.split(separator: ",").enumerated().map { position, text in
      try read(String(text)).orThrow(
        subject, found: "'\(words(of: String(text)).joined(separator: " "))' as layer \(position)")
    }
  }

  /// Throws `LockstepError` (usage) naming `position` if a recipe could not contain this layer.
  func check(position: Int) throws {
    _ = try Self.read(description).orThrow("layer \(position)", found: "'\(description)'")
  }

  private static func words(of text: String) -> [String] {
    text.split(separator: " ").map(String.init)
  }

  private static func read(_ text: String) -> Result<LayerSpecification, LayerMisreading> {
    let words = words(of: text)
    if let form = LayerRegistry.all.first(where: { $0.keyword == words.first }) {
      return form.read(Array(words.dropFirst()))
    }
    let keywords = LayerRegistry.all.map { $0.keyword }
    let nearest = suggestedName(for: words.first ?? "", among: keywords).map { "Did you mean '\($0)'?" }
    return .failure(
      LayerMisreading(
        expected: "one of " + keywords.dropLast().joined(separator: ", ") + " or " + keywords.last!,
        fix: nearest))
  }
}

extension Result<LayerSpecification, LayerMisreading> {
  fileprivate func orThrow(_ subject: String, found: String) throws -> LayerSpecification {
    switch self {
    case .success(let layer): return layer
    case .failure(let misreading):
      throw LockstepError(.usage, subject, expected: misreading.expected, found: found, fix: misreading.fix)
    }
  }
}
