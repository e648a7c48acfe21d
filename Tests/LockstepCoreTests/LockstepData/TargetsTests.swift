import LockstepCore
import Testing

/// Label files of numbers.
@Suite struct TargetsTests {
  private func load(_ train: [UInt8], _ test: [UInt8]) throws -> Dataset {
    let directory = try TemporaryDirectory(
      tinyDataset().merging(["train-labels-idx1-ubyte": train, "t10k-labels-idx1-ubyte": test]) { $1 })
    return try withExtendedLifetime(directory) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
  }

  private func floats(_ dimensions: [Int], _ values: [Float]) -> [UInt8] {
    idx(
      .float32, dimensions,
      values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } })
  }

  private func doubles(_ dimensions: [Int], _ values: [Double]) -> [UInt8] {
    idx(
      .float64, dimensions,
      values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } })
  }

  @Test(arguments: [[4], [4, 1], [4, 1, 1]]) func oneNumberASample(dimensions: [Int]) throws {
    let data = try load(floats(dimensions, [1, -2.5, 3, 4]), doubles([2], [5, 6.25]))
    #expect(data.targetColumns == 1 && data.outputs == 1 && data.classes == 0)
    #expect(data.train.count == 4 && data.train.labels.isEmpty)
    #expect(data.train.targets?.targets(of: 1) == [-2.5] && data.test.targets?.targets(of: 1) == [6.25])
    let other = try load(floats(dimensions, [1, -2.5, 3, 4.5]), doubles([2], [5, 6.25]))
    #expect(other.checksum != data.checksum)
  }

  @Test func rowsOfNumbers() throws {
    let data = try load(
      doubles([4, 3], (0..<12).map(Double.init)), doubles([2, 3], (0..<6).map(Double.init)))
    #expect(data.outputs == 3 && data.train.targets?.targets(of: 2) == [6, 7, 8])
  }

  @Test func whatIsRefused() {
    let two = doubles([2], [0, 1])
    func refuse(_ train: [UInt8], _ test: [UInt8], _ words: [String]) {
      let error = #expect(throws: AgreedError.self) { try load(train, test) }
      for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
    }
    refuse(floats([4], [0, .nan, 1, 2]), two, ["train-labels", "finite numbers", "nan in sample 1"])
    refuse(floats([4], [0, 1, 1, 2]), doubles([2], [1, .infinity]), ["t10k-labels", "inf in sample 1"])
    refuse(floats([4], [0, 1, 1, 2]), doubles([2], [1e39, 0]), ["1e+39 in sample 0"])
    refuse(floats([3], [0, 1, 2]), two, ["train-labels", "4 labels, one for each image", "found 3"])
    refuse(floats([1, 4], [0, 1, 2, 3]), two, ["[1, 4]", "The samples come first: write them as [4, 1]"])
    refuse(floats([4, 2], (0..<8).map(Float.init)), two, ["t10k-labels", "2 numbers a sample", "found 1"])
    refuse(floats([4], [0, 1, 2, 3]), idx([2], [0, 1]), ["t10k-labels", "found class numbers"])
    refuse(floats([4, 2, 2], (0..<16).map(Float.init)), two, ["[4, 2, 2]", "each other's names"])
  }
}
