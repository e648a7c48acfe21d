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

  @Test func filesHereComeBeforeFolders() throws {
    let directory = try TemporaryDirectory(tinyDataset())
    try write(tinyDataset().mapValues { $0.dropLast() }, below: directory, "raw")
    #expect(try load(directory).notes == [])
    try #require(unlink(directory.path + "/train-labels-idx1-ubyte") == 0)
    try write(tinyDataset(), below: directory, "raw")
    #expect(message(directory).contains("A whole dataset is in \(directory.path)/raw: pass that with --data"))
  }
}
