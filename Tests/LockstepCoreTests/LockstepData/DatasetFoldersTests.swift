import Foundation
import LockstepCore
import Testing

/// Files one or two folders below the directory that is named.
@Suite struct DatasetFoldersTests {
  private func load(_ directory: TemporaryDirectory) throws -> Dataset {
    try withExtendedLifetime(directory) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
  }

  private func message(_ directory: TemporaryDirectory) -> String {
    let error = #expect(throws: AgreedError.self) { try load(directory) }
    return error?.message ?? ""
  }

  /// Writes the tiny dataset's files, some of them left out, into a folder.
  private func write(_ files: [String: [UInt8]], below directory: TemporaryDirectory, _ folder: String) throws
  {
    try FileManager.default.createDirectory(
      atPath: "\(directory.path)/\(folder)", withIntermediateDirectories: true)
    for (name, bytes) in files { _ = try directory.write(bytes, as: "\(folder)/\(name)") }
  }

  @Test(arguments: ["raw", "MNIST/raw"]) func oneOrTwoFoldersDown(folder: String) throws {
    let directory = try TemporaryDirectory(["notes.txt": []])
    try write(tinyDataset(), below: directory, folder)
    let data = try load(directory)
    #expect(data.train.labels == [3, 1, 4, 1])
    #expect(data.name == "\(directory.path)/\(folder)")
    #expect(data.notes == ["the dataset is taken from \(directory.path)/\(folder)"])
    // A link to it is no second dataset.
    try #require(symlink(folder, directory.path + "/a-link") == 0)
    #expect(try load(directory).train.count == 4)
  }

  @Test func notFurtherDown() throws {
    let directory = try TemporaryDirectory()
    try write(tinyDataset(), below: directory, "a/b/c")
    #expect(message(directory).contains("no train images among a."))
  }

  @Test func severalFolders() throws {
    let directory = try TemporaryDirectory()
    for folder in ["MNIST/raw", "KMNIST/raw"] { try write(tinyDataset(), below: directory, folder) }
    let found = "those of several, in \(directory.path)/KMNIST/raw, \(directory.path)/MNIST/raw"
    #expect(message(directory).contains(found), "\(message(directory))")
    // One that lacks something is no choice, and is named where there is no other.
    let other = try TemporaryDirectory()
    try write(tinyDataset(), below: other, "MNIST/raw")
    try write(tinyDataset().filter { $0.key.contains("images") }, below: other, "KMNIST/raw")
    #expect(try load(other).name == other.path + "/MNIST/raw")
    let broken = try TemporaryDirectory()
    try write(tinyDataset().filter { $0.key.contains("images") }, below: broken, "KMNIST/raw")
    #expect(message(broken).contains(broken.path + "/KMNIST/raw: expected"))
  }

  /// The tiny dataset's files, each in the folder that `place` names.
  private func spread(_ place: (String) -> String?) throws -> TemporaryDirectory {
    let directory = try TemporaryDirectory()
    for (name, bytes) in tinyDataset() {
      guard let folder = place(name) else { continue }
      try write([name: bytes], below: directory, folder)
    }
    return directory
  }

  private static let layouts: [@Sendable (String) -> String] = [
    { $0.hasPrefix("train") ? "train" : "test" }, { $0.contains("images") ? "images" : "labels" },
    { ($0.hasPrefix("train") ? "train/" : "test/") + ($0.contains("images") ? "images" : "labels") },
    { $0.hasPrefix("train") ? "." : "test" }, { "digits/" + ($0.hasPrefix("train") ? "train" : "t10k") },
  ]

  @Test(arguments: layouts.indices) func foldersThatMakeUpOne(layout: Int) throws {
    let directory = try spread(Self.layouts[layout])
    let (data, whole) = (try load(directory), try load(TemporaryDirectory(tinyDataset())))
    #expect(data.checksum == whole.checksum && data.test.labels == [5, 0])
    #expect(data.notes.count == 1 && data.notes[0].contains(" and "))
    let test = try Dataset.load(directory: directory.path, for: .evaluation, collective: SingleProcess())
    #expect(test.test.labels == [5, 0] && test.train.count == 0)
  }

  @Test func theOtherPartIsBeside() throws {
    let directory = try spread { $0.hasPrefix("train") ? "train" : "test" }
    let place =
      "the test images and test labels are in \(directory.path)/test: pass \(directory.path) with --data"
    let train = directory.path + "/train"
    let data = try Dataset.load(directory: train, collective: SingleProcess())
    #expect(data.notes == [place])
    for (path, purpose, told) in [
      (train, .evaluation, place),
      (directory.path + "/test", .training, "are in \(train): pass \(directory.path)"),
    ] as [(String, Dataset.Purpose, String)] {
      let error = #expect(throws: AgreedError.self) {
        try Dataset.load(directory: path, for: purpose, collective: SingleProcess())
      }
      #expect(error?.message.contains(told) == true, "\(error?.message ?? "")")
    }
  }

  @Test func partsOfWhatMayBeDifferentDatasets() throws {
    let pieces = try spread { $0.contains("images") ? "MNIST" : "KMNIST" }
    let told = message(pieces)
    #expect(told.contains("the train labels and test labels are in \(pieces.path)/KMNIST"), "\(told)")
    #expect(told.contains("Put the files of one dataset into one directory"))
    // Training goes without test files; where those are is told.
    let without = try load(spread { $0.hasPrefix("train") ? "a" : "b" })
    #expect(without.test.count == 0)
    #expect(without.notes[0].contains("the test images and test labels are in "))
    // Two that are whole only together with their neighbours are several.
    let two = try TemporaryDirectory()
    for (name, bytes) in tinyDataset() {
      for set in ["x", "y"] {
        try write([name: bytes], below: two, "\(set)/\(name.hasPrefix("train") ? "train" : "test")")
      }
    }
    #expect(message(two).contains("those of several, in \(two.path)/x, \(two.path)/y"), "\(message(two))")
  }

  @Test func filesHereComeBeforeFolders() throws {
    let directory = try TemporaryDirectory(tinyDataset())
    try write(tinyDataset().mapValues { $0.dropLast() }, below: directory, "raw")
    #expect(try load(directory).notes == [])
    try #require(unlink(directory.path + "/train-labels-idx1-ubyte") == 0)
    try write(tinyDataset(), below: directory, "raw")
    #expect(message(directory).contains("A whole dataset is in \(directory.path)/raw: pass that with --data"))
  }
}
