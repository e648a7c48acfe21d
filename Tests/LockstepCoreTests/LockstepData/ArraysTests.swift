import LockstepCore
import Testing

/// Datasets of arrays.
@Suite struct ArraysTests {
  private static let images: [[Float]] = [[0, -1.5, 1e-30], [2, 7.25, 1], [0.1, 0.2, 0.3], [9, 8, 7]]
  private static let labels = [0, 3, 1, 0]

  /// Floats lie in memory as this machine has them, in a dataset as IDX files do.
  @Test func floatsAreThoseOfAFile() throws {
    let data = try Dataset(images: Self.images, labels: Self.labels, test: (Self.images, Self.labels))
    let values = Self.images.flatMap { $0 }
    let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
    #expect((0..<4).flatMap { data.train.images.sample($0) } == bytes)
    let split = Split(
      images: try SampleTable(count: 4, shape: [3], element: .float32, copying: bytes),
      labels: Self.labels.map { Int32($0) })
    #expect(try data.checksum == Dataset(train: split, test: split, name: "file").checksum)
    #expect(data.classes == 4 && data.train.images.shape == [3] && data.test.count == 4)
  }

  @Test func bytesAreBytes() throws {
    let data = try Dataset(
      images: [[1, 2, 3, 4], [5, 6, 7, 255]] as [[UInt8]], labels: [1, 0], shape: [2, 2])
    #expect(data.train.images.element == .uint8 && data.train.images.sample(1) == [5, 6, 7, 255])
    #expect(data.train.images.shape == [2, 2] && data.classes == 2)
  }

  @Test func aTestSetMayBeMissing() throws {
    let data = try Dataset(images: Self.images, labels: Self.labels, classes: 7)
    #expect(data.test.count == 0 && data.test.images.shape == [3] && data.classes == 7)
    #expect(data.warnings().contains { $0.contains("there are no test files") })
    let other = try Dataset(images: Self.images, labels: Self.labels, test: (Self.images, Self.labels))
    #expect(data.checksum != other.checksum)
  }

  @Test func whatDoesNotFitIsNamed() {
    func refuse(
      _ subject: String, _ found: String, _ images: [[Float]] = Self.images, _ labels: [Int] = Self.labels,
      shape: [Int]? = nil, test: (images: [[Float]], labels: [Int])? = nil, classes: Int? = nil
    ) {
      let error = #expect(throws: LockstepError.self) {
        try Dataset(images: images, labels: labels, shape: shape, test: test, classes: classes)
      }
      #expect(
        error?.kind == .data && error?.subject == "arrays: \(subject)"
          && error?.found.contains(found) == true,
        "\(error?.description ?? "")")
    }
    refuse("train images", "2 in number 1", [[1, 2, 3], [4, 5]], [0, 1])
    refuse("train images", "3 in number 0", shape: [2, 2])
    refuse("train images", "the shape [0]", [], [])
    refuse("train images", "the shape [0]", [[]], [0])
    refuse("train images", "the shape [3, -1]", shape: [3, -1])
    refuse("train images", "nan in image 2", [[0, 0], [0, 1], [0, .nan]], [0, 1, 0])
    refuse("train images", "inf in image 0", [[.infinity, 0]], [0])
    refuse("train labels", "3", Self.images, [0, 1, 2])
    refuse("train labels", "-1 at index 2", Self.images, [0, 1, -1, 0])
    refuse("train labels", "\(Int.max) at index 0", Self.images, [.max, 1, 1, 0])
    refuse("train labels", "3 at index 1", classes: 3)
    refuse("test labels", "4 at index 0", test: ([[1, 2, 3]], [4]), classes: 4)
    refuse("test images", "[2] of type float32", test: ([[1, 2]], [0]))
  }
}
