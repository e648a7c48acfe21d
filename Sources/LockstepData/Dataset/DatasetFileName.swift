/// A file name that reads as one part of a dataset: `[prefix]train-images(-|.)idx<digits>-<type>[.gz]`, and the
/// same for labels and for `t10k-` or `test-`.
struct DatasetFileName: Equatable {
  let name: String
  let part: DatasetPart
  /// The text before `train-`, `t10k-` or `test-`: "" for MNIST, "emnist-letters-" for EMNIST.
  let prefix: String
  let isCompressed: Bool

  /// nil for any other name, and for hidden files (macOS leaves `._train-images-...`).
  init?(_ name: String) {
    guard !name.hasPrefix(".") else { return nil }
    let isCompressed = name.hasSuffix(".gz")
    let base = isCompressed ? name.dropLast(3) : name[...]
    for part in DatasetPart.allCases {
      for stem in part.stems {
        guard let (prefix, rest) = Self.split(base, before: stem), Self.isTypeSuffix(rest) else { continue }
        self.name = name
        self.part = part
        self.prefix = String(prefix)
        self.isCompressed = isCompressed
        return
      }
    }
    return nil
  }

  /// Lower is preferred: raw over gzip, then MNIST's own spelling.
  var preference: Int {
    (isCompressed ? 2 : 0) + (name.hasPrefix(prefix + part.canonicalName) ? 0 : 1)
  }

  /// The text before the last `stem` that opens the name or follows a separator, and the text after it.
  private static func split(_ name: Substring, before stem: String) -> (Substring, Substring)? {
    for start in name.indices.reversed() where name[start...].hasPrefix(stem) {
      let prefix = name[..<start]
      guard prefix.isEmpty || "-_.".contains(prefix.last!) else { continue }
      return (prefix, name[start...].dropFirst(stem.count))
    }
    return nil
  }

  /// Whether it is a suffix such as "-idx3-ubyte", ".idx3-ubyte" or "-idx2-int", unlike an unfinished download's
  /// "-idx3-ubyte.part".
  private static func isTypeSuffix(_ text: Substring) -> Bool {
    guard let separator = text.first, "-.".contains(separator), text.dropFirst().hasPrefix("idx") else {
      return false
    }
    let parts = text.dropFirst(4).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
    return parts.count == 2 && isWord(parts[0], \.isNumber) && isWord(parts[1]) { $0.isLetter || $0.isNumber }
  }

  private static func isWord(_ text: Substring, _ isMember: (Character) -> Bool) -> Bool {
    !text.isEmpty && text.allSatisfy { $0.isASCII && isMember($0) }
  }
}
