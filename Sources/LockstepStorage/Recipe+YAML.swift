import LockstepSupport
import LockstepTraining
import Yams

extension Recipe {
  /// The largest recipe file in bytes, far above any that a person writes.
  static let largestFile = 1 << 14

  /// Overrides this recipe's values by those of a YAML file: one mapping from key to scalar or list. Returns the
  /// names of its keys.
  ///
  /// Throws `LockstepError` (usage) naming the file and the key.
  @discardableResult
  public mutating func apply(yaml path: String) throws -> [String] {
    try apply(yaml: try readFile(path, limit: Self.largestFile, kind: .usage), path: path)
  }

  /// As above, for the file's bytes; `path` is for messages.
  @discardableResult
  public mutating func apply(yaml bytes: [UInt8], path: String) throws -> [String] {
    let pairs = try Self.pairs(ofYAML: bytes, path: path)
    for (key, value) in pairs {
      try set(key, to: try Self.text(of: value, key: key, path: path), subject: "\(path): \(key)")
    }
    return pairs.map(\.key)
  }

  /// The keys of a YAML file in its order, each once, and their values, of which nothing is known yet.
  static func pairs(ofYAML bytes: [UInt8], path: String) throws -> [(key: String, value: Node)] {
    let node: Node?
    do {
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw LockstepError(.usage, path, expected: "a recipe in YAML", found: "bytes that are not UTF-8")
      }
      guard !hasAnchor(bytes) else {
        throw LockstepError(
          .usage, path, expected: "a recipe in YAML without anchors", found: "an '&' that begins one",
          fix: "Write the value itself wherever it is meant")
      }
      guard !hasKeyMark(bytes) else {
        throw LockstepError(
          .usage, path, expected: "a recipe in YAML: scalars and lists, one 'key: value' a line",
          found: "a '?' that begins a key", fix: "Write 'key: value'")
      }
      guard bytes.count(where: "[{?".utf8.contains) <= 64 else {
        throw LockstepError(
          .usage, path, expected: "a recipe in YAML: scalars and lists, one 'key: value' a line",
          found: "more than 64 of the characters [, { and ?",
          fix: "Write the list of a key without lists in it")
      }
      // Without rules that distinguish numbers from text: the recipe's keys do that.
      node = try Yams.compose(yaml: text, .basic)
    } catch let error as YamlError {
      throw LockstepError(.usage, path, expected: "a recipe in YAML", found: "\(error)")
    }
    // A file without a key, "---" too, changes nothing.
    guard let node, node.scalar?.string != "" else { return [] }
    guard let mapping = node.mapping else {
      throw LockstepError(
        .usage, path, expected: "a mapping of recipe keys, one 'key: value' a line", found: "something else")
    }
    var pairs: [(key: String, value: Node)] = []
    for (keyNode, value) in mapping {
      guard let key = keyNode.scalar?.string else {
        throw LockstepError(.usage, path, expected: "a recipe key", found: "a key that is no scalar")
      }
      guard !pairs.contains(where: { $0.key == key }) else {
        throw LockstepError(
          .usage, path, expected: "each key once", found: "'\(key)' twice", fix: "Remove one")
      }
      pairs.append((key, value))
    }
    return pairs
  }

  /// Whether an anchor may begin anywhere: an '&' before a word and not after one, as in "R&D".
  ///
  /// Yams hashes each key with everything in it. Aliases of aliases make a small key a huge tree, and nested keys are
  /// hashed again at each level, so both are refused before parsing.
  private static func hasAnchor(_ text: [UInt8]) -> Bool {
    func isWord(_ byte: UInt8) -> Bool {
      let character = Character(Unicode.Scalar(byte))
      return character.isASCII && (character.isLetter || character.isNumber || "_-".contains(character))
    }
    return text.indices.contains { i in
      text[i] == UInt8(ascii: "&") && i + 1 < text.count && isWord(text[i + 1])
        && (i == 0 || text[i - 1] == UInt8(ascii: "-") || !isWord(text[i - 1]))
    }
  }

  /// Whether a '?' may begin a key outside of brackets. Such keys may hold lists of lists, which Yams compares twice
  /// at each level.
  private static func hasKeyMark(_ text: [UInt8]) -> Bool {
    text.indices.contains {
      text[$0] == UInt8(ascii: "?") && ($0 + 1 == text.count || " \t\r\n".utf8.contains(text[$0 + 1]))
    }
  }

  /// The text that stands for a value: itself, or the scalars of a list with commas between them.
  static func text(of node: Node, key: String, path: String) throws -> String {
    if let scalar = node.scalar { return scalar.string }
    if key == "network" { return try LayersNode(path: path).text(of: node) }
    if let sequence = node.sequence, sequence.allSatisfy({ $0.scalar != nil }) {
      return sequence.map { $0.scalar!.string }.joined(separator: ",")
    }
    throw LockstepError(
      .usage, "\(path): \(key)", expected: "a scalar or a list of scalars", found: "something nested")
  }

  /// The recipe as YAML, one `key: value` a line, without keys that have no effect. `apply` reads it back. Throws an
  /// error of Yams if it cannot be written.
  public func yaml() throws -> String {
    let pairs = effectiveKeys.map { key in (Node(key.name), Node(key.read(self))) }
    return try Yams.serialize(node: Node(pairs))
  }
}
