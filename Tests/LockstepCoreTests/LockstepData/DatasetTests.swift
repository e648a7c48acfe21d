import Foundation
import LockstepCore
import Testing

@Suite struct DatasetTests {
  private func images(_ count: Int, _ shape: [Int] = [2, 3], _ element: IDXElement = .uint8) -> SampleTable {
    let size = shape.reduce(count * element.byteCount, *)
    return try! SampleTable(
      count: count, shape: shape, element: element, copying: Array(repeating: 7, count: size))
  }

  private func dataset(_ train: [Int32], _ test: [Int32]) throws -> Dataset {
    try Dataset(
      train: Split(images: images(train.count), labels: train),
      test: Split(images: images(test.count), labels: test), name: "d")
  }

  @Test func classesAreCountedInBothSplits() throws {
    #expect(try dataset([0, 2], [1]).classes == 3)
    #expect(try dataset([0, 2], [62, 0]).classes == 63)
    #expect(try dataset([0], [0]).classes == 2)
    #expect(try dataset([65_535], [0]).classes == 65_536)
  }

  @Test func testSetMayBeLarger() throws {
    let data = try dataset([0, 1], [0, 1, 0, 1])
    #expect(data.train.count == 2)
    #expect(data.test.count == 4)
    #expect(data.name == "d")
  }

  @Test func labelsOutOfRangeNameTheIndex() {
    expectDataError("d: train labels", ["0 to 65535", "found -1 at index 2"]) {
      try dataset([0, 1, -1], [0])
    }
    expectDataError("d: test labels", ["found 65536 at index 1"]) { try dataset([0], [0, 65_536]) }
  }

  @Test func partsMustFitTogether() {
    let good = Split(images: images(2), labels: [0, 1])
    func refuse(_ subject: String, _ fragments: [String], train: Split? = nil, test: Split? = nil) {
      expectDataError("d: " + subject, fragments) {
        try Dataset(train: train ?? good, test: test ?? good, name: "d")
      }
    }
    refuse(
      "train labels", ["expected 2 labels", "found 3"], train: Split(images: images(2), labels: [0, 1, 0]))
    refuse("test labels", ["expected 2 labels", "found 1"], test: Split(images: images(2), labels: [0]))
    refuse(
      "test images", ["[2, 3] of type uint8", "found [3, 2] of type uint8"],
      test: Split(images: images(2, [3, 2]), labels: [0, 1]))
    refuse(
      "test images", ["found [2, 3] of type int16"],
      test: Split(images: images(2, [2, 3], .int16), labels: [0, 1]))
    refuse(
      "train images", ["[n, height, width]", "[2]"], train: Split(images: images(2, []), labels: [0, 1]))
    refuse("test images", ["at least one image", "[0, 2, 3]"], test: Split(images: images(0), labels: []))
    refuse("train images", ["[2, 0, 3]"], train: Split(images: images(2, [0, 3]), labels: [0, 1]))
  }

  /// The parts of the checksum are plain CRC-32s that `crc32` of any tool gives for the raw files.
  @Test func checksumIsOfTheValues() throws {
    let whole = idx([4, 2, 3])
    let table = try IDXFile(contents: gzip(whole), path: "f").table()
    #expect(Dataset.crc(table) == 0x0D90_D326)
    // Labels count as int32, whatever their type in the file.
    #expect(Dataset.crc(labels: [3, 1, 4, 1]) == 0x82C7_35AA)
  }

  @Test func checksumSeesEveryPart() throws {
    let original = try dataset([0, 1], [1, 0])
    #expect(try dataset([0, 1], [1, 0]).checksum == original.checksum)
    let (train, test) = (original.train, original.test)
    let other = try SampleTable(
      count: 2, shape: [2, 3], element: .uint8, copying: Array(repeating: 8, count: 12))
    let wide = images(2, [3, 2])
    let variants = [
      try Dataset(train: Split(images: other, labels: [0, 1]), test: test, name: "d"),
      try Dataset(train: Split(images: train.images, labels: [1, 1]), test: test, name: "d"),
      try Dataset(train: train, test: Split(images: other, labels: [1, 0]), name: "d"),
      try Dataset(train: train, test: Split(images: test.images, labels: [1, 1]), name: "d"),
      try Dataset(train: test, test: train, name: "d"),
      try Dataset(
        train: Split(images: wide, labels: [0, 1]), test: Split(images: wide, labels: [1, 0]), name: "d"),
    ]
    #expect(Set(variants.map(\.checksum) + [original.checksum]).count == 7)
  }
}
