import LockstepData
import LockstepSupport
import LockstepTraining
import PlatformC

/// What `import.json` in a dataset's folder says of how `lockstep import` made it.
public struct ImportRecord: Equatable, Sendable {
  /// The file's name.
  public static let fileName = "import.json"
  /// The names of the classes, for people, or written by them.
  public static let namesFile = "classes.txt"
  /// What is done to a picture; nil if the samples are no pictures.
  public var pictures: PictureForm?
  /// The names of the classes, in their order.
  public var classes: [String]

  public init(pictures: PictureForm?, classes: [String]) {
    (self.pictures, self.classes) = (pictures, classes)
  }

  /// That of the dataset in a directory; if it has none, the names of `classes.txt`, one a line, or what is known of
  /// EMNIST's files; nil for others.
  ///
  /// - Throws: LockstepError (.data) naming the file if it cannot be read as a record.
  public init?(directory: String) throws {
    let path = "\(directory)/\(Self.fileName)"
    if access(path, F_OK) == 0 {
      try self.init(json: try readFile(path, limit: 1 << 26, kind: .data), path: path)
      return
    }
    let names = "\(directory)/\(Self.namesFile)"
    let split = EMNIST.split(ofFiles: fileNames(in: directory))
    guard access(names, F_OK) == 0 else {
      guard let split else { return nil }
      self.init(pictures: EMNIST.pictures, classes: EMNIST.classes(of: split))
      return
    }
    let text = String(decoding: try readFile(names, limit: 1 << 26, kind: .data), as: UTF8.self)
    let classes = text.split(whereSeparator: \.isNewline).map(String.init)
    try self.init(
      json: Array("{\"classes\":[\(classes.map(jsonString).joined(separator: ","))]}".utf8), path: names)
    if split != nil { pictures = EMNIST.pictures }
  }

  /// The bytes of such a file; `path` is for messages.
  ///
  /// - Throws: LockstepError (.data).
  public init(json: [UInt8], path: String) throws {
    func failure(_ found: String) -> LockstepError {
      LockstepError(
        .data, path, expected: "the record that lockstep import writes", found: found,
        fix: "Import the dataset again, or remove the file")
    }
    let members: Members
    do { members = try decodeJSON(Members.self, from: json) } catch { throw failure("no such JSON") }
    classes = members.classes
    pictures = members.pictures.flatMap { PictureForm(text: $0) }
    guard (pictures == nil) == (members.pictures == nil) else {
      throw failure("'\(members.pictures ?? "")' for its pictures")
    }
    guard classes.count <= 1 << 16, classes.allSatisfy({ $0.utf8.count <= 1024 }) else {
      throw failure("\(classes.count) classes, or names of over 1024 bytes")
    }
  }

  private struct Members: Decodable {
    var pictures: String?
    var classes: [String]
  }

  /// The members of the file that are read again.
  package func add(to line: inout JSONLine) {
    if let pictures { line.add("pictures", pictures.text) }
    line.add("classes", classes)
  }

  /// What a model's metadata say of it. Throws where they cannot be read.
  init?(metadata: [String: String], path: String) throws {
    guard let classes = metadata["lockstep.class-names"] else { return nil }
    let pictures = metadata["lockstep.pictures"].map { ",\"pictures\":\(jsonString($0))" } ?? ""
    try self.init(json: Array("{\"classes\":\(classes)\(pictures)}".utf8), path: path)
  }

  /// What a model's metadata have of it.
  var metadata: [String: String] {
    var line = JSONLine()
    line.add("", classes)
    var result = ["lockstep.class-names": String(line.text.dropFirst(4).dropLast())]
    if let pictures { result["lockstep.pictures"] = pictures.text }
    return result
  }
}

extension Model {
  /// Takes what a dataset's record says, as far as it is of this model's input and classes.
  package mutating func adopt(_ record: ImportRecord) {
    if let own = record.pictures { pictures = own.shape == network.inputShape ? own : nil }
    guard record.classes.count <= network.classes else { return }
    // A dataset has two classes at least, and may have more than its record names.
    classNames = record.classes + (record.classes.count..<network.classes).map(String.init)
  }
}
