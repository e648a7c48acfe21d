/// What is known of EMNIST's files (Cohen, Afshar, Tapson, van Schaik: EMNIST, 2017) and stands in none of them: which
/// character a label means, and that the pictures are transposed.
package enum EMNIST {
  /// What is done to a picture: the nearest to what its authors did that a form can express.
  package static let pictures: PictureForm = {
    var form = PictureForm(height: 28, width: 28, channels: 1)
    (form.isCentred, form.isTransposed) = (true, true)
    return form
  }()

  /// The split, such as "letters", whose files are among these; nil for files of other datasets, or of several splits.
  package static func split(ofFiles names: [String]) -> String? {
    let prefixes = Set(names.compactMap { DatasetFileName($0)?.prefix })
    guard prefixes.count == 1, let prefix = prefixes.first, prefix.hasPrefix("emnist-") else { return nil }
    let split = String(prefix.dropFirst("emnist-".count).dropLast())
    return NamedDataset.names.contains("emnist-\(split)") ? split : nil
  }

  /// The characters of a split's labels, from 0.
  package static func classes(of split: String) -> [String] {
    let (digits, letters) = ("0123456789", "abcdefghijklmnopqrstuvwxyz")
    // Small letters that look like capitals are merged with them.
    let merged = Set("cijklmopsuvwxyz")
    let all =
      switch split {
      case "byclass": digits + letters.uppercased() + letters
      case "balanced", "bymerge": digits + letters.uppercased() + letters.filter { !merged.contains($0) }
      default: digits
      }
    // Label 0 has no sample.
    return split == "letters" ? ["none"] + letters.map(String.init) : all.map(String.init)
  }
}
