import LockstepSupport

/// A layer as a recipe writes it, for example 'conv 32 3x3 stride 2', or a block of layers. Each layer has a static
/// member or function here that gives its shapes; `LayerForm` defines the text, `LayerRegistry` lists all layers.
public struct LayerSpecification: Equatable, Sendable, CustomStringConvertible {
  package let content: Content

  package enum Content: Sendable {
    case layer(any LayerForm)
    case residual([LayerSpecification], shortcut: [LayerSpecification])
    case branches([[LayerSpecification]])
  }

  init(_ form: any LayerForm) { content = .layer(form) }
  init(_ content: Content) { self.content = content }

  /// The text as recipes write it, without defaults.
  public var description: String {
    switch content {
    case .layer(let form): form.text
    case .residual(let body, let shortcut):
      "residual(\(Self.text(of: body)))" + (shortcut.isEmpty ? "" : " shortcut(\(Self.text(of: shortcut)))")
    case .branches(let branches): "branches(\(branches.map(Self.text).joined(separator: " | ")))"
    }
  }

  /// The text of a list, which `list` reads.
  package static func text(of layers: [LayerSpecification]) -> String {
    layers.map(\.description).joined(separator: ", ")
  }

  public static func == (a: LayerSpecification, b: LayerSpecification) -> Bool {
    a.description == b.description
  }

  /// Reads a layer's text; nil if it is not one.
  public init?(_ text: String) {
    guard case .success(let layer) = LayerReader.read(text, depth: 0) else { return nil }
    self = layer
  }

  /// Reads a comma-separated list of layers.
  ///
  /// Throws `LockstepError` (usage) about `subject` for the first text that is not a layer, with its position from 0.
  package static func list(_ text: String, subject: String) throws -> [LayerSpecification] {
    try LayerReader.list(text).enumerated().map { position, text in
      try LayerReader.read(String(text), depth: 0)
        .orThrow(
          subject, found: "'\(LayerReader.words(of: text).joined(separator: " "))' as layer \(position)")
    }
  }

  /// The same of a file at `path`. Throws `LockstepError` (data).
  package static func list(_ text: String, path: String) throws -> [LayerSpecification] {
    do { return try list(text, subject: "network") } catch let error as LockstepError {
      throw LockstepError(
        .data, path, expected: "layers", found: error.description,
        fix: "Give a model.safetensors that Lockstep wrote")
    }
  }

  /// Throws `LockstepError` (usage) naming `position` if a recipe could not contain this layer.
  func check(position: Int) throws {
    _ = try LayerReader.read(description, depth: 0)
      .orThrow("layer \(position)", found: "'\(description)'")
  }
}

extension Result<LayerSpecification, LayerMisreading> {
  fileprivate func orThrow(_ subject: String, found: String) throws -> LayerSpecification {
    switch self {
    case .success(let layer): return layer
    case .failure(let misreading):
      throw LockstepError(
        .usage, subject, expected: misreading.expected,
        found: misreading.inner.map { "\($0) of \(found)" } ?? found, fix: misreading.fix)
    }
  }
}
