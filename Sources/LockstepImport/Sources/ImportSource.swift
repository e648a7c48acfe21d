import LockstepData
import LockstepSupport

/// Samples that are to become a dataset, with their labels.
package struct ImportSource {
  /// "class folders", for the record.
  package let kind: String
  package var sections: [Section]
  /// The names of the classes, in their order.
  package var classes: [String]
  /// What the user should know of how it was read.
  package var notes: [String] = []
  /// Files that are no pictures of a kind that is read, for people; nil for none.
  var leftOut: String?
  /// What was done to the pictures before, where that is recorded.
  package var pictures: PictureForm?

  /// Samples of one half, or of both.
  package struct Section {
    package enum Half { case train, test, whole }

    package var half: Half
    /// The class of each sample, from 0.
    package var labels: [Int32]
    package var samples: Samples
  }

  package enum Samples {
    /// Pictures, each a file.
    case files([String])
    case rows(Rows)
  }

  /// Samples that are rows of numbers, one after the other.
  package struct Rows {
    /// For messages.
    package let name: String
    /// The dimensions of a sample as they are in the file.
    package let shape: [Int]
    /// Whether all numbers are whole ones from 0 to 255.
    package var isOfBytes: Bool
    /// Whether that is a matter of their values, not of their type, and none is above 127: pictures of another range.
    package var isOfFewShades = false
    /// Whether a row without a shape is known to be a picture.
    package var namesPixels = false
    /// Opens the rows: the function returns the numbers of as many rows as it is asked for.
    package let open: () throws -> (_ count: Int) throws -> [Float]

    package var numbersPerSample: Int { shape.reduce(1, *) }
  }

  /// The names of classes that are only numbered.
  static func numbered(_ sections: [Section]) -> [String] {
    (0...Int(sections.compactMap { $0.labels.max() }.max() ?? 0)).map(String.init)
  }

  /// All sections are of bytes, or none. Numbers of another range than pixels', such as 0 to 16, stay numbers: as bytes
  /// they would be dark pictures.
  mutating func settleBytes() {
    let rows = sections.compactMap { if case .rows(let rows) = $0.samples { rows } else { nil } }
    guard !rows.allSatisfy(\.isOfBytes) || !rows.isEmpty && rows.allSatisfy(\.isOfFewShades) else { return }
    for (index, section) in sections.enumerated() {
      guard case .rows(var rows) = section.samples else { continue }
      rows.isOfBytes = false
      sections[index].samples = .rows(rows)
    }
  }

  /// Labels keep their numbers, so that a model has an output for those that no sample has.
  mutating func noteUnusedLabels() {
    let used = Set(sections.flatMap(\.labels))
    let unused = classes.indices.filter { !used.contains(Int32($0)) }
    guard !unused.isEmpty else { return }
    let names = unused.prefix(20).map(String.init).joined(separator: ", ")
    notes.append("labels keep their numbers, of which these have no sample: \(names)")
  }

  /// - Throws: LockstepError (.data) where nothing that can be imported is found, or it is damaged.
  static func find(_ path: String, note: (String) -> Void) throws -> ImportSource {
    guard isDirectory(path) else { return try file(path) }
    let names = try ClassFolders.list(path).filter { !$0.hasPrefix(".") }.sorted()
    for suffix in [".npz", ".npy", ".csv"] {
      let files = names.filter { $0.lowercased().hasSuffix(suffix) }
      if files.isEmpty { continue }
      // Pictures come with tables of what they are.
      if suffix == ".csv", var source = try? ClassFolders(path).source() {
        source.notes.append(
          "left out beside folders of pictures: \(files.joined(separator: ", ")). Name a file to have it imported"
        )
        return source
      }
      if suffix == ".npy" { return try arrays(files.map { ArrayName($0, file: "\(path)/\($0)") }, in: path) }
      if files.count == 1 { return try file("\(path)/\(files[0])") }
      if suffix == ".csv" { return try tables(files.map { "\(path)/\($0)" }, in: path) }
      throw LockstepError(
        .data, path, expected: "one .npz file", found: files.prefix(6).joined(separator: ", "),
        fix: "Name the file itself")
    }
    if let source = try idx(path) { return source }
    return try ClassFolders(path).source()
  }

  private static func file(_ path: String) throws -> ImportSource {
    let stream = try FileStream(path: path)
    var start = [UInt8](repeating: 0, count: 8)
    let count = try start.withUnsafeMutableBytes { try stream.read(into: $0) }
    start = Array(start[..<count])
    if start.starts(with: Array("PK".utf8)) { return try archive(ZipArchive(path: path)) }
    if start.starts(with: [0x93] + Array("NUMPY".utf8)) { return try pair(path) }
    if start.starts(with: [0x89, 0x50]) || start.starts(with: [0xFF, 0xD8]) {
      throw LockstepError(
        .data, path, expected: "a dataset", found: "one picture",
        fix: "Give the folder that has a folder of pictures for each class")
    }
    let isText = !start.isEmpty && start.allSatisfy { $0 >= 0x20 || [9, 10, 13].contains($0) }
    guard isText else {
      throw LockstepError(
        .data, path, expected: "a folder of class folders, an .npz, .npy or CSV file",
        found: start.isEmpty ? "an empty file" : "another format", fix: "See lockstep import --help")
    }
    return try tables([path], in: path)
  }
}
