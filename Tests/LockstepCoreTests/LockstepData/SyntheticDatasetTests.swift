import Foundation
import LockstepCore
import Testing

@Suite struct SyntheticDatasetTests {
  /// Calls `body` with the path of a fresh directory that is removed afterwards.
  static func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: directory) }
    try body(directory.path)
  }

  static func bytes(_ path: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  }

  /// 1234 images are more than one chunk and no multiple of it.
  @Test func filesAreIDXAndHoldWhatIsDrawn() throws {
    try Self.withDirectory { root in
      let directory = root + "/new/data"
      var fractions: [Double] = []
      try SyntheticDataset.write(to: directory, train: 1234, test: 7, seed: 5) { fractions.append($0) }
      #expect(fractions.last == 1)
      #expect(fractions == fractions.sorted())
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 4)
      for (prefix, split, count) in [("train", SyntheticDigits.Split.train, 1234), ("t10k", .test, 7)] {
        let (pixels, labels) = SyntheticDigitsTests.draw(0..<count, seed: 5, split: split)
        let size = [0, 0, UInt8(count >> 8), UInt8(count & 255)]
        let images = try Self.bytes("\(directory)/\(prefix)-images-idx3-ubyte")
        #expect(Array(images.prefix(16)) == [0, 0, 8, 3] + size + [0, 0, 0, 28, 0, 0, 0, 28])
        #expect(images.dropFirst(16).elementsEqual(pixels))
        #expect(try Self.bytes("\(directory)/\(prefix)-labels-idx1-ubyte") == [0, 0, 8, 1] + size + labels)
      }
    }
  }

  @Test func filesReplaceTheirPredecessors() throws {
    try Self.withDirectory { directory in
      try SyntheticDataset.write(to: directory, train: 30, test: 20, seed: 1) { _ in }
      try SyntheticDataset.write(to: directory, train: 10, test: 10, seed: 2) { _ in }
      #expect(try Self.bytes(directory + "/train-images-idx3-ubyte").count == 16 + 10 * 784)
      let (_, labels) = SyntheticDigitsTests.draw(0..<10, seed: 2, split: .test)
      #expect(try Self.bytes(directory + "/t10k-labels-idx1-ubyte").suffix(10) == labels[...])
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 4)
    }
  }

  /// A path below a regular file stops even root.
  @Test func directoryThatCannotBeMadeIsAnError() throws {
    try Self.withDirectory { root in
      let file = root + "/file"
      try Data("x".utf8).write(to: URL(fileURLWithPath: file))
      for directory in [file, file + "/data", ""] {
        let error = #expect(throws: LockstepError.self) {
          try SyntheticDataset.write(to: directory, train: 10, test: 10, seed: 1) { _ in }
        }
        #expect(error?.kind == .failure)
        #expect(error?.subject == directory)
        #expect(error?.fix?.contains("--output") == true)
      }
      #expect(try Self.bytes(file) == Array("x".utf8))
    }
  }

  /// A directory in the place of a file cannot be replaced; what was written so far is taken away.
  @Test func fileThatCannotBeReplacedIsAnErrorAndLeavesNothing() throws {
    try Self.withDirectory { directory in
      let blocked = directory + "/train-images-idx3-ubyte"
      try FileManager.default.createDirectory(atPath: blocked, withIntermediateDirectories: true)
      let error = #expect(throws: LockstepError.self) {
        try SyntheticDataset.write(to: directory, train: 10, test: 10, seed: 1) { _ in }
      }
      #expect(error?.kind == .failure)
      #expect(error?.subject == blocked)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["train-images-idx3-ubyte"])
    }
  }

  @Test(arguments: [(0, 10, "--train"), (-1, 10, "--train"), (10, 0, "--test"), (10, 1 << 33, "--test")])
  func countOutOfRangeIsAnErrorBeforeAnythingIsWritten(train: Int, test: Int, flag: String) throws {
    try Self.withDirectory { root in
      let error = #expect(throws: LockstepError.self) {
        try SyntheticDataset.write(to: root + "/data", train: train, test: test, seed: 1) { _ in }
      }
      #expect(error?.kind == .usage)
      #expect(error?.subject == flag)
      #expect(!FileManager.default.fileExists(atPath: root + "/data"))
    }
  }
}
