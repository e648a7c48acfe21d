import LockstepCore
import Testing

/// A file whose size is not what its header says: what it may be instead, or where it was cut off.
@Suite struct PayloadSizeTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let dimensions: [Int]
    /// Bytes after the header.
    let payload: Int
    let told: [String]
    var testDescription: String { "\(dimensions) in \(payload) bytes" }

    init(_ dimensions: [Int], _ payload: Int, _ told: String...) {
      (self.dimensions, self.payload, self.told) = (dimensions, payload, told)
    }
  }

  @Test(arguments: [
    Case(
      [60, 56, 56], 60 * 112 * 112, "The header says 60 samples of 56x56",
      "the file holds 60 of 112x112 or 240 of 56x56", "write the true dimensions"),
    Case([60, 28, 28], 60 * 14 * 14, "60 samples of 28x28", "the file holds 60 of 14x14, or was cut off"),
    Case([60, 28, 28], 60 * 32 * 32, "the file holds 60 of 32x32:"),
    Case(
      [60, 28, 14], 60 * 56 * 28,
      "60 of 56x28 or 240 of 28x14 or 60 of 28x14 of int32 or float32 or 60 of 4x28x14"),
    Case([60, 3, 28, 28], 60 * 3 * 32 * 32, "60 samples of 3x28x28", "60 of 3x32x32:"),
    Case([60, 28, 28], 70 * 784, "the file holds 70 of 28x28:"),
    Case([60, 28, 28], 60 * 784 + 3, "Fetch or write the file again"),
    Case([60, 28, 28], 59 * 784, "60 samples of 28x28, the file ends after 59 of them. Fetch"),
    Case([60, 28, 28], 59 * 784 + 10, "after 59 of them and a part. Fetch"),
    Case([60, 28, 28], 0, "after 0 of them"),
    Case([60, 28, 28], 60 * 3 * 784, "the file holds 180 of 28x28 or 60 of 3x28x28:"),
    Case(
      [60, 28, 28], 60 * 8 * 784, "480 of 28x28 or 60 of 28x28 of float64: write the true dimensions and type"
    ),
    Case([60], 59, "The header says 60 labels, the file ends after 59 of them"),
    Case(
      [60], 120,
      "The header says 60 labels, the file holds 120 labels or 60 labels of int16 or 60 one-hot rows of 2"),
    Case([60], 600, "the file holds 600 labels or 60 one-hot rows of 10:"),
    Case([60, 784], 1568 * 60, "the file holds 120 of 784 numbers"),
  ])
  func isExplained(_ file: Case) {
    let contents = idx(file.dimensions, Array(repeating: 0, count: file.payload))
    let found = "found \(contents.count) bytes"
    expectDataError("f", ["\(file.dimensions) elements", found] + file.told) {
      try IDXFile(contents: contents, path: "f")
    }
    if file.payload == 0 { return }
    expectDataError("f", ["\(file.dimensions) elements", found + " (inflated)"] + file.told) {
      try IDXFile(contents: gzip(contents), path: "f").table()
    }
  }

  @Test func theTypeIsSmallerThanTheHeaderSays() {
    expectDataError("f", ["60 of 28x28 of uint8 or int8, or was cut off"]) {
      try IDXFile(contents: idx(.float32, [60, 28, 28], Array(repeating: 0, count: 60 * 784)), path: "f")
    }
  }

  @Test func noMemoryForAFalsePromise() throws {
    var files = compressed(tinyDataset())
    files["train-images-idx3-ubyte.gz"] = gzip(idx([4, 500, 1000], Array(repeating: 0, count: 1_995_000)))
    let directory = try TemporaryDirectory(files)
    let results = ThreadedCollective.run(nodes: [0, 0]) { collective in
      let error = #expect(throws: AgreedError.self) {
        try Dataset.load(directory: directory.path, collective: collective)
      }
      #expect(error?.message.contains("found 1995016 bytes (inflated)") == true)
      return collective.calls
    }
    for result in results { #expect(try !result.get().contains { $0.hasPrefix("allocateShared") }) }
  }
}
