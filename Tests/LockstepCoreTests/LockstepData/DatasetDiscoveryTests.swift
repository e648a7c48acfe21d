import Foundation
import LockstepCore
import Testing

@Suite struct DatasetDiscoveryTests {
  private func load(_ files: [String: [UInt8]]) throws -> Dataset {
    try load(TemporaryDirectory(files))
  }

  private func load(_ directory: TemporaryDirectory) throws -> Dataset {
    try withExtendedLifetime(directory) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
  }

  private func expectError(_ fragments: [String], _ files: [String: [UInt8]]) {
    let error = #expect(throws: AgreedError.self) { try load(files) }
    #expect(error?.exitStatus == 65)
    for fragment in fragments {
      #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
    }
  }

  /// The tiny dataset under the given names of train images, train labels, test images and test labels.
  private func named(_ names: [String]) -> [String: [UInt8]] {
    let contents = [idx([4, 2, 3]), idx([4], [3, 1, 4, 1]), idx([2, 2, 3]), idx([2], [5, 0])]
    return Dictionary(uniqueKeysWithValues: zip(names, contents))
  }

  @Test(arguments: [
    [
      "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte",
    ],
    [
      "train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte",
      "t10k-labels.idx1-ubyte",
    ],
    [
      "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "test-images-idx3-ubyte.gz",
      "test-labels-idx1-ubyte.gz",
    ],
    [
      "train-images-idx4-float", "train-labels-idx2-int", "test-images.idx4-float.gz", "t10k-labels-idx2-int",
    ],
    [
      "emnist-letters-train-images-idx3-ubyte.gz", "emnist-letters-train-labels-idx1-ubyte.gz",
      "emnist-letters-test-images-idx3-ubyte.gz", "emnist-letters-test-labels-idx1-ubyte.gz",
    ],
  ])
  func everySpelling(names: [String]) throws {
    let data = try load(named(names).merging(["README.md": [], "._" + names[0]: [1]]) { $1 })
    #expect(data.train.labels == [3, 1, 4, 1])
    #expect(data.test.labels == [5, 0])
    #expect(data.train.images.shape == [2, 3])
    #expect(data.classes == 6)
  }

  @Test func rawAndCompressedAreTheSameData() throws {
    let raw = try load(tinyDataset())
    let packed = try load(compressed(tinyDataset()))
    #expect(raw.checksum == packed.checksum)
    for i in 0..<4 { #expect(raw.train.images.sample(i) == packed.train.images.sample(i)) }
  }

  @Test func rawComesBeforeGzipAndTheExactNameFirst() throws {
    let decoys = [
      "train-labels-idx1-ubyte.gz": gzip(idx([4], [9, 9, 9, 9])),
      "train-labels.idx1-ubyte": idx([4], [8, 8, 8, 8]),
      "test-labels-idx1-ubyte": idx([2], [8, 8]),
      "old-train-labels-idx1-ubyte": idx([4], [7, 7, 7, 7]),
    ]
    #expect(try load(tinyDataset().merging(decoys) { $1 }).train.labels == [3, 1, 4, 1])
    #expect(try load(tinyDataset().merging(decoys) { $1 }).test.labels == [5, 0])
    var files = tinyDataset().merging(decoys) { $1 }
    files["train-labels-idx1-ubyte"] = nil
    #expect(try load(files).train.labels == [8, 8, 8, 8])
    files["train-labels.idx1-ubyte"] = nil
    #expect(try load(files).train.labels == [9, 9, 9, 9])
  }

  @Test func directoryOfTheSameNameIsPassedOver() throws {
    var files = tinyDataset()
    files["train-images.idx3-ubyte"] = files.removeValue(forKey: "train-images-idx3-ubyte")
    let directory = try TemporaryDirectory(files)
    try #require(mkdir(directory.path + "/train-images-idx3-ubyte", 0o755) == 0)
    #expect(try load(directory).train.count == 4)
    try #require(unlink(directory.path + "/train-images.idx3-ubyte") == 0)
    let error = #expect(throws: AgreedError.self) { try load(directory) }
    let expected = "/train-images-idx3-ubyte: expected a regular file, found a directory"
    #expect(error?.message.contains(expected) == true)
  }

  @Test func missingFileListsWhatIsThere() {
    for name in tinyDataset().keys {
      var files = tinyDataset()
      files[name] = nil
      let part = name.replacingOccurrences(of: "t10k", with: "test").split(separator: "-").prefix(2)
      expectError(
        [
          "expected train-images-idx3-ubyte, ", "found no \(part.joined(separator: " ")) among ",
          files.keys.sorted().joined(separator: ", "), "pass their directory with --data",
        ], files)
    }
  }

  @Test(arguments: [
    "train-images-idx3-ubyte.gz.part", "train-images-idx3-ubyte (1)", "train-images", "train-images-",
    "mytrain-images-idx3-ubyte", "train-images-idx-ubyte", "train-images-idx3", "train-images-idx3-",
    "Train-images-idx3-ubyte", "train-images-idx3-ubyte.zip", ".train-images-idx3-ubyte",
    "train-images-idxx-ubyte", "-idx3-ubyte",
  ])
  func otherNamesAreNotTaken(name: String) {
    var files = tinyDataset()
    files[name] = files.removeValue(forKey: "train-images-idx3-ubyte")
    expectError(["no train images among", name], files)
  }

  @Test func emptyMissingAndOddDirectories() throws {
    expectError(["found an empty directory", "--data"], [:])
    expectError(["and 8 more"], Dictionary(uniqueKeysWithValues: (0..<20).map { ("\($0)", []) }))
    let directory = try TemporaryDirectory(["file": []])
    for (path, found) in [("/none", "No such file"), ("/file", "Not a directory")] {
      let error = #expect(throws: AgreedError.self) {
        try Dataset.load(directory: directory.path + path, collective: SingleProcess())
      }
      #expect(error?.message.contains(directory.path + path + ": expected a directory") == true)
      #expect(error?.message.contains(found) == true)
    }
  }

  @Test func severalDatasetsInOneDirectory() {
    expectError(
      ["those of several: a-*, b-*", "directory of its own"],
      tinyDataset(prefix: "a-").merging(tinyDataset(prefix: "b-")) { $1 })
  }

  @Test func errorsNameTheFile() {
    expectError(
      ["/t10k-labels-idx1-ubyte: expected labels from 0 to 65535, found -2 at index 1"],
      tinyDataset().merging(["t10k-labels-idx1-ubyte": idx(.int8, [2], [0, 0xFE])]) { $1 })
    expectError(
      ["/train-labels-idx1-ubyte: expected 4 labels, one for each image, found 3"],
      tinyDataset().merging(["train-labels-idx1-ubyte": idx([3])]) { $1 })
    expectError(
      [
        "/train-images-idx3-ubyte: expected images of the dimensions [n, height, width]",
        "each other's names",
      ],
      tinyDataset().merging(["train-images-idx3-ubyte": idx([4])]) { $1 })
  }

  private func message(_ directory: TemporaryDirectory, for purpose: Dataset.Purpose = .training) -> String {
    let error = #expect(throws: AgreedError.self) {
      try Dataset.load(directory: directory.path, for: purpose, collective: SingleProcess())
    }
    return error?.message ?? ""
  }

  @Test func withoutTestFiles() throws {
    let data = try load(tinyDataset().filter { $0.key.hasPrefix("train") })
    #expect(data.train.count == 4 && data.test.count == 0 && data.test.images.shape == [2, 3])
    #expect(data.warnings().contains { $0.contains("there are no test files") })
    #expect(try load(tinyDataset()).checksum != data.checksum)
  }

  @Test func evaluationNeedsTestFilesOnly() throws {
    let directory = try TemporaryDirectory(tinyDataset().filter { $0.key.hasPrefix("t10k") })
    let data = try Dataset.load(directory: directory.path, for: .evaluation, collective: SingleProcess())
    #expect(data.test.labels == [5, 0] && data.train.count == 0 && data.classes == 6)
    #expect(message(directory).contains("no train images among"))
    let training = try TemporaryDirectory(tinyDataset().filter { $0.key.hasPrefix("train") })
    #expect(message(training, for: .evaluation).contains("no test images among"))
    #expect(
      message(training, for: .evaluation).contains(": expected t10k-images-idx3-ubyte, t10k-labels-idx1"))
  }
}
