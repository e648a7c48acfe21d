import LockstepSupport

/// Reads the text of a layer or of a block:
///
///     conv 32 3x3 pad 1
///     residual(LAYER, LAYER...) [shortcut(LAYER...)]
///     branches(LAYER, LAYER... | LAYER...)
enum LayerReader {
  /// How deep blocks may stand in each other.
  static let mostDepth = 8

  /// The parts of a text between separators that are in no parentheses.
  static func parts(of text: some StringProtocol, at separator: Character) -> [Substring] {
    var (parts, depth, start) = ([Substring](), 0, text.startIndex)
    func part(to end: String.Index) -> Substring { Substring(text[start..<end]) }
    for index in text.indices {
      switch text[index] {
      case "(": depth += 1
      case ")": depth -= 1
      case separator where depth == 0:
        parts.append(part(to: index))
        start = text.index(after: index)
      default: break
      }
    }
    parts.append(part(to: text.endIndex))
    return parts
  }

  /// The layers of a list, without what is empty: a comma too many is none.
  static func list(_ text: some StringProtocol) -> [Substring] {
    parts(of: text, at: ",").filter { !$0.isEmpty }
  }

  static func words(of text: some StringProtocol) -> [String] {
    text.split(separator: " ").map { String($0) }
  }

  static func read(_ text: String, depth: Int) -> Result<LayerSpecification, LayerMisreading> {
    let words = words(of: text)
    let name = words.first.map { String($0.prefix { $0 != "(" }) } ?? ""
    if BlockName(rawValue: name) != nil { return readBlock(words.joined(separator: " "), depth: depth) }
    if let form = LayerRegistry.all.first(where: { $0.keyword == words.first }) {
      return form.read(Array(words.dropFirst()))
    }
    let keywords = LayerRegistry.all.map { $0.keyword } + ["residual(...)", "branches(...)"]
    let nearest = suggestedName(for: name, among: LayerRegistry.all.map { $0.keyword } + BlockName.names)
    return .failure(
      LayerMisreading(
        expected: "one of " + keywords.dropLast().joined(separator: ", ") + " or " + keywords.last!,
        fix: nearest.map { "Did you mean '\($0)'?" }))
  }

  /// The words that blocks begin with.
  enum BlockName: String, CaseIterable {
    case residual, branches
    static let names = allCases.map(\.rawValue)
  }

  private static func readBlock(_ text: String, depth: Int) -> Result<LayerSpecification, LayerMisreading> {
    func misreading(_ why: String) -> Result<LayerSpecification, LayerMisreading> {
      .failure(
        LayerMisreading(
          expected: "'residual(LAYERS)', 'residual(LAYERS) shortcut(LAYERS)' or 'branches(LAYERS | LAYERS)'",
          fix: why))
    }
    let nesting = nesting(of: text)
    guard depth + nesting.deepest <= mostDepth else {
      return misreading("Blocks may stand in each other up to \(mostDepth) deep")
    }
    guard nesting.deepest > 0 else { return misreading("Put its layers into parentheses") }
    guard nesting.isClosed else { return misreading("Give each '(' one ')'") }
    var (rest, lists) = (Substring(text), [(name: String, text: Substring)]())
    while !rest.isEmpty {
      guard lists.isEmpty || rest.contains("(") else { return misreading("Put a comma after a block") }
      guard let (name, list, after) = call(rest) else { return misreading("Give each '(' one ')'") }
      lists.append((name, list))
      rest = after.drop { $0 == " " }
    }
    do throws(LayerMisreading) {
      switch lists.map(\.name) {
      case ["residual"]:
        return .success(LayerSpecification(.residual(try layers(lists[0].text, depth), shortcut: [])))
      case ["residual", "shortcut"]:
        let (body, shortcut) = (try layers(lists[0].text, depth), try layers(lists[1].text, depth))
        return .success(LayerSpecification(.residual(body, shortcut: shortcut)))
      case ["branches"]:
        var branches: [[LayerSpecification]] = []
        for part in parts(of: lists[0].text, at: "|") { branches.append(try layers(part, depth)) }
        guard branches.count > 1 else { return misreading("Put '|' between the branches") }
        return .success(LayerSpecification(.branches(branches)))
      default:
        let others = lists.dropFirst().map { "'\($0.name)(...)'" }.joined(separator: ", ")
        return misreading("\(others) cannot follow here without a comma")
      }
    } catch {
      return .failure(error)
    }
  }

  /// How deep parentheses go, and whether each has its other one.
  static func nesting(of text: some StringProtocol) -> (deepest: Int, isClosed: Bool) {
    var (depth, deepest, least) = (0, 0, 0)
    for character in text where character == "(" || character == ")" {
      depth += character == "(" ? 1 : -1
      (deepest, least) = (max(deepest, depth), min(least, depth))
    }
    return (deepest, depth == 0 && least == 0)
  }

  /// "name(list) after"; nil if it is none.
  private static func call(_ text: Substring) -> (name: String, list: Substring, after: Substring)? {
    guard let open = text.firstIndex(of: "(") else { return nil }
    var depth = 0
    for index in text[open...].indices {
      if text[index] == "(" { depth += 1 }
      if text[index] == ")" { depth -= 1 }
      guard depth == 0 else { continue }
      let name = words(of: text[..<open]).joined(separator: " ")
      return (name, text[text.index(after: open)..<index], text[text.index(after: index)...])
    }
    return nil
  }

  private static func layers(_ text: Substring, _ depth: Int) throws(LayerMisreading) -> [LayerSpecification]
  {
    var layers: [LayerSpecification] = []
    for (position, text) in list(text).enumerated() {
      switch read(String(text), depth: depth + 1) {
      case .success(let layer): layers.append(layer)
      case .failure(var misreading):
        let own = "'\(words(of: text).joined(separator: " "))' as layer \(position)"
        misreading.inner = misreading.inner.map { "\($0) of \(own)" } ?? own
        throw misreading
      }
    }
    guard !layers.isEmpty else {
      throw LayerMisreading(
        expected: "at least one layer in each list of a block", fix: "Leave out an empty list")
    }
    return layers
  }
}

extension LayerSpecification {
  /// Whether a text can stand in a list without a part of it ending there: no parenthesis is without its other one, and
  /// no bar that parts branches stands outside of them.
  package static func isWhole(_ text: String) -> Bool {
    LayerReader.nesting(of: text).isClosed && LayerReader.parts(of: text, at: "|").count == 1
  }

  /// How deep blocks may stand in each other.
  package static var mostDepth: Int { LayerReader.mostDepth }

  /// 'residual(BODY) shortcut(SHORTCUT)': what `body` makes of its input, plus that input, or what `shortcut` makes of
  /// it (He et al. 2016), which has the same shape.
  public static func residual(_ body: [LayerSpecification], shortcut: [LayerSpecification] = []) -> Self {
    Self(.residual(body, shortcut: shortcut))
  }

  /// 'branches(LAYERS | LAYERS)': what each list makes of the input, side by side: `[c1, h, w], [c2, h, w] -> [c1 + c2,
  /// h, w]`, or of vectors `[n1], [n2] -> [n1 + n2]`.
  public static func branches(_ branches: [LayerSpecification]...) -> Self { Self(.branches(branches)) }
}
