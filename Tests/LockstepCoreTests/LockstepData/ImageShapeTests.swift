import LockstepCore
import Testing

/// What the dimensions of images mean, from the file to the trainer.
@Suite struct ImageShapeTests {
  private func load(_ dimensions: [Int], labels: [Int]? = nil) throws -> Dataset {
    let test = [2] + dimensions.dropFirst()
    let directory = try TemporaryDirectory([
      "train-images-idx3-ubyte": idx(dimensions),
      "train-labels-idx1-ubyte": idx(labels ?? [dimensions[0]]),
      "t10k-images-idx3-ubyte": idx(test), "t10k-labels-idx1-ubyte": idx([2]),
    ])
    return try withExtendedLifetime(directory) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
  }

  @Test(arguments: [
    ([4, 36], [36]), ([4, 1], [1]), ([4, 6, 6], [6, 6]), ([4, 1, 6, 6], [1, 6, 6]),
    ([4, 3, 6, 6], [3, 6, 6]),
    ([4, 10, 6, 6], [10, 6, 6]), ([4, 6, 6, 1], [6, 6]), ([4, 1, 1, 6, 6], [6, 6]),
    ([4, 6, 6, 1, 1], [6, 6]),
    ([4, 3, 6, 6, 1], [3, 6, 6]), ([4, 3, 4, 3], [3, 4, 3]), ([4, 1, 1, 1, 1], [1]),
    ([4, 2, 9, 8], [2, 9, 8]),
    ([4, 1, 1, 8], [1, 1, 8]), ([4, 64, 7, 7], [64, 7, 7]), ([4, 3, 3, 3], [3, 3, 3]),
  ])
  func shapes(dimensions: [Int], shape: [Int]) throws {
    let data = try load(dimensions)
    #expect(data.train.images.shape == shape && data.test.images.shape == shape)
  }

  /// What is trained on is no part of what the data are: a checkpoint's digest stays.
  @Test func theChecksumIsOfTheFile() throws {
    #expect(try load([4, 6, 6, 1]).checksum != load([4, 6, 6]).checksum)
    #expect(try load([4, 6, 6]).checksum == load([4, 6, 6]).checksum)
  }

  @Test(arguments: [
    ([4, 6, 6, 3], "[4, 3, 6, 6]"), ([4, 6, 6, 4], "[4, 4, 6, 6]"), ([4, 32, 20, 2], "[4, 2, 32, 20]"),
    ([4, 8, 8, 12], "[4, 12, 8, 8]"), ([4, 4, 4, 3], "[4, 3, 4, 4]"), ([4, 9, 7, 5], "[4, 5, 9, 7]"),
    ([4, 14, 7, 8], "write [4, 784]"), ([4, 28, 2, 14], "write [4, 784]"),
    ([4, 2, 3, 4, 5], "write [4, 120]"), ([4, 6, 6, 3, 2], "write [4, 216]"), ([4], "each other's names"),
  ])
  func othersAreRefused(dimensions: [Int], fix: String) throws {
    let error = #expect(throws: AgreedError.self) { try load(dimensions) }
    #expect(error?.message.contains("/train-images-idx3-ubyte: expected images of the dimensions") == true)
    #expect(error?.message.contains("\(dimensions)") == true && error?.message.contains(fix) == true)
  }

  @Test func samplesInTheLastPlace() throws {
    let error = #expect(throws: AgreedError.self) { try load([6, 6, 50], labels: [50]) }
    #expect(
      error?.message.contains("found the dimensions [6, 6, 50]. The samples come first: write [50, 6, 6]")
        == true)
  }

  @Test(arguments: [
    ([1, 50, 6, 6], "write [50, 6, 6]"), ([1800], "write [50, 36]"), ([1, 1800], "write [50, 36]"),
  ])
  func samplesInOneRow(dimensions: [Int], fix: String) throws {
    let error = #expect(throws: AgreedError.self) { try load(dimensions, labels: [50]) }
    #expect(error?.message.contains("The samples come first: " + fix) == true, "\(error?.message ?? "")")
  }

  @Test func imagesAndLabelsSwapped() throws {
    var files = tinyDataset()
    (files["train-images-idx3-ubyte"], files["train-labels-idx1-ubyte"]) =
      (files["train-labels-idx1-ubyte"], files["train-images-idx3-ubyte"])
    let directory = try TemporaryDirectory(files)
    let error = #expect(throws: AgreedError.self) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
    #expect(error?.message.contains("each other's names") == true)
  }
}
