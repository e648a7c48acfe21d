import LockstepNetwork
import LockstepSupport
import LockstepTraining
import Yams

/// Layers in YAML: a list of texts, and of mappings for blocks.
///
///     network:
///       - conv 16 3x3 pad 1
///       - residual: [relu, conv 32 3x3 pad 1]
///         shortcut: [conv 32 1x1]
///       - branches:
///           - [conv 8 1x1]
///           - [conv 8 3x3 pad 1, relu]
struct LayersNode {
  let path: String

  /// The same as one text, which `LayerSpecification.list` reads.
  ///
  /// Throws `LockstepError` (usage) for what is no list of layers.
  func text(of node: Node, depth: Int = 0) throws -> String {
    if let scalar = node.scalar { return depth == 0 ? scalar.string : try whole(scalar.string) }
    guard let sequence = node.sequence else { throw refusal("a list of layers", found: "something else") }
    return try sequence.map { try layer($0, depth: depth) }.joined(separator: ", ")
  }

  /// A text in a list: what begins in it must end there.
  private func whole(_ text: String) throws -> String {
    guard LayerSpecification.isWhole(text) else {
      throw refusal("texts with as many '(' as ')', and '|' in branches(...) only", found: "'\(text)'")
    }
    return text
  }

  private func layer(_ node: Node, depth: Int) throws -> String {
    if let scalar = node.scalar { return try whole(scalar.string) }
    guard let mapping = node.mapping else {
      throw refusal("a layer or a block in each place of a list", found: "a list in a list")
    }
    guard depth < LayerSpecification.mostDepth else {
      throw refusal(
        "blocks that stand in each other up to \(LayerSpecification.mostDepth) deep", found: "one more")
    }
    let lists = mapping.map { (key: $0.key.scalar?.string ?? "", value: $0.value) }
    switch lists.map(\.key).sorted() {
    case ["residual"], ["residual", "shortcut"]:
      return try lists.sorted { $0.key < $1.key }.map {
        "\($0.key)(\(try text(of: $0.value, depth: depth + 1)))"
      }.joined(separator: " ")
    case ["branches"]:
      guard let branches = lists[0].value.sequence else {
        throw refusal("a list of branches, each a list of layers", found: "something else")
      }
      guard branches.count > 1 else { throw refusal("at least two branches", found: "\(branches.count)") }
      let texts = try branches.map { try text(of: $0, depth: depth + 1) }
      return "branches(\(texts.joined(separator: " | ")))"
    default:
      throw refusal(
        "'residual:', with or without 'shortcut:' beside it, or 'branches:'",
        found: lists.map { "'\($0.key):'" }.joined(separator: " and "))
    }
  }

  private func refusal(_ expected: String, found: String) -> LockstepError {
    LockstepError(.usage, "\(path): network", expected: expected, found: found)
  }
}
