import LockstepData
import LockstepSupport
import PlatformC

/// Pictures in folders that are named after their classes: in one tree, or in `train` and `test`.
struct ClassFolders {
  private let path: String
  private var trees: [(half: ImportSource.Section.Half, path: String, folders: [String])] = []
  private var notes: [String] = []

  /// The names that folders of the halves have.
  private static let names: [(ImportSource.Section.Half, [String])] = [
    (.train, ["train", "training"]), (.test, ["test", "testing"]),
  ]
  private static let validation = ["val", "valid", "validation", "dev"]
  /// What is looked into below a class folder.
  private static let deepest = 8

  init(_ path: String) throws {
    self.path = path
    let folders = try Self.folders(in: path)
    func named(_ names: [String]) -> String? { folders.first { names.contains($0.lowercased()) } }
    let validation = named(Self.validation)
    // A class may be called "train" too: a half has folders in it.
    guard let train = named(Self.names[0].1), try !Self.folders(in: "\(path)/\(train)").isEmpty else {
      trees = [(.whole, path, folders)]
      return
    }
    trees = [(.train, "\(path)/\(train)", try Self.folders(in: "\(path)/\(train)"))]
    if let test = named(Self.names[1].1) ?? validation {
      trees.append((.test, "\(path)/\(test)", try Self.folders(in: "\(path)/\(test)")))
      if test == validation {
        notes.append("\(path)/\(test) becomes the test set")
      } else if let validation {
        notes.append(
          "\(path)/\(validation) is left out: train --validation-split takes some of the pictures to train on"
        )
      }
    }
  }

  /// Whether a folder's name says which half it is, as `train_images` does too.
  private static func isHalf(_ folder: String) -> Bool {
    let name = ArrayName(folder, file: folder)
    return name.half != .whole || name.isValidation
  }

  /// The pictures in the alphabetical order of classes and files.
  ///
  /// - Throws: LockstepError (.data) where there are no class folders or no pictures.
  func source() throws -> ImportSource {
    var (files, others): ([[String: [String]]], [String: Int]) = ([], [:])
    var beside = 0
    for place in Set([path] + trees.map(\.path)) {
      beside += try Self.list(place).count { Self.isPicture($0) }
    }
    if beside > 0 { others["beside the folders of classes"] = beside }
    for tree in trees {
      var found: [String: [String]] = [:]
      let above = Set([path, tree.path].compactMap { FileIdentity(of: $0) })
      for folder in tree.folders {
        var pictures: [String] = []
        try Self.collect("\(tree.path)/\(folder)", into: &pictures, others: &others, above: above)
        if !pictures.isEmpty {
          found[folder] = pictures.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
      }
      files.append(found)
    }
    let classes = Self.ordered(Set(files.flatMap(\.keys)))
    guard classes.count > 1, !classes.allSatisfy(Self.isHalf) else { throw nothing(classes) }
    guard classes.count <= 1 << 16 else { throw tooMany(classes.count) }
    let sections = zip(trees, files).map { tree, files in
      var (paths, labels): ([String], [Int32]) = ([], [])
      for (label, name) in classes.enumerated() {
        let own = files[name] ?? []
        paths += own
        labels += own.map { _ in Int32(label) }
      }
      return ImportSource.Section(half: tree.half, labels: labels, samples: .files(paths))
    }
    var notes = notes
    let empty = Set(trees.flatMap(\.folders)).subtracting(classes).sorted()
    if !empty.isEmpty {
      notes.append("no pictures in, and so no classes of: \(empty.prefix(20).joined(separator: ", "))")
    }
    var leftOut: String?
    if !others.isEmpty {
      let kinds = others.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
      leftOut = "files that are no .png, .jpg or .jpeg in a folder of a class are left out: \(kinds)"
      notes.append(
        "\(leftOut!). Save pictures as PNG, each in the folder of its class, to have them imported")
    }
    return ImportSource(
      kind: "class folders", sections: sections, classes: classes, notes: notes, leftOut: leftOut)
  }

  /// The pictures in a folder and those below it, by their paths.
  static func pictures(in folder: String) throws -> [String] {
    var (pictures, others): ([String], [String: Int]) = ([], [:])
    try collect(folder, into: &pictures, others: &others)
    return pictures.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// Numbers by their value, other names by their bytes.
  private static func ordered(_ names: Set<String>) -> [String] {
    let numbers = names.compactMap { Int($0) }
    if numbers.count == names.count { return names.sorted { (Int($0)!, $0) < (Int($1)!, $1) } }
    return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The folders' names, but for hidden ones.
  private static func folders(in path: String) throws -> [String] {
    try list(path).filter { !$0.hasPrefix(".") && isDirectory("\(path)/\($0)") }
  }

  static func list(_ path: String) throws -> [String] {
    guard let stream = opendir(path) else {
      throw LockstepError(
        .data, path, expected: "a folder that can be read", found: String(cString: strerror(errno)),
        fix: "Check the path and its permissions")
    }
    closedir(stream)
    let names = fileNames(in: path).filter { $0 != "." && $0 != ".." }
    // What is no UTF-8 has been replaced, and cannot be opened under that name.
    if let odd = names.first(where: { $0.contains("\u{FFFD}") && access("\(path)/\($0)", F_OK) != 0 }) {
      throw LockstepError(
        .data, path, expected: "names of files in UTF-8", found: "'\(odd)'",
        fix: "Rename it; convmv -r -f latin1 -t utf8 --notest renames those of a whole tree")
    }
    return names
  }

  private static func isPicture(_ name: String) -> Bool {
    ["png", "jpg", "jpeg"].contains(suffix(of: name))
  }

  private static func suffix(of name: String) -> String {
    name.contains(".") ? name.split(separator: ".").last?.lowercased() ?? "" : ""
  }

  /// The pictures in a folder and those below it. A link to a folder that is being looked into leads nowhere new.
  private static func collect(
    _ path: String, into pictures: inout [String], others: inout [String: Int], above: Set<FileIdentity> = [],
    depth: Int = 0
  ) throws {
    guard let own = FileIdentity(of: path), !above.contains(own) else { return }
    for name in try list(path) where !name.hasPrefix(".") {
      let file = "\(path)/\(name)"
      if isPicture(name) {
        pictures.append(file)
      } else if isDirectory(file) {
        guard depth < deepest else {
          others["folders too deep", default: 0] += 1
          continue
        }
        try collect(file, into: &pictures, others: &others, above: above.union([own]), depth: depth + 1)
      } else {
        let suffix = suffix(of: name)
        others[suffix.isEmpty ? "without a suffix" : suffix, default: 0] += 1
      }
    }
  }

  private func nothing(_ classes: [String]) -> LockstepError {
    let names = fileNames(in: path).filter { !$0.hasPrefix(".") }.sorted()
    return LockstepError(
      .data, path,
      expected: "a folder of pictures (.png, .jpg) for each of two or more classes, or an .npz, .npy, CSV "
        + "or IDX file",
      found: classes.isEmpty
        ? (names.isEmpty
          ? "an empty folder" : "no picture in folders of \(names.prefix(8).joined(separator: ", "))")
        : classes.count == 1
          ? "one class, \(classes[0])"
          : "pictures without folders of classes in \(classes.joined(separator: ", "))",
      fix: "Put the pictures of each class into a folder of its name")
  }

  private func tooMany(_ count: Int) -> LockstepError {
    LockstepError(
      .data, path, expected: "at most 65536 classes", found: "\(count) folders",
      fix: "Give the folder above the classes")
  }
}
