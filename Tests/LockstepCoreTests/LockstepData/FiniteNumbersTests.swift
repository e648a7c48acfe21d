import LockstepCore
import Testing

/// Numbers that no training can use are told with their place, in every part of the data.
@Suite struct FiniteNumbersTests {
  /// Six thousand images of 2x3: more than one block of numbers.
  private func images(
    _ element: IDXElement, count: Int = 6000, shape: [Int] = [2, 3], _ values: [Int: Double]
  ) throws -> SampleTable {
    let total = count * shape.reduce(1, *)
    let bytes = (0..<total).flatMap { index -> [UInt8] in
      let value = values[index] ?? Double(index % 7)
      return element == .float32
        ? withUnsafeBytes(of: Float(value).bitPattern.bigEndian) { Array($0) }
        : withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) }
    }
    return try SampleTable(count: count, shape: shape, element: element, copying: bytes)
  }

  private func dataset(train: SampleTable, test: SampleTable) throws -> Dataset {
    func split(_ images: SampleTable) -> Split {
      Split(images: images, labels: (0..<images.count).map { Int32($0 % 2) })
    }
    return try Dataset(train: split(train), test: split(test), name: "d")
  }

  @Test(arguments: [IDXElement.float32, .float64], [Double.nan, .infinity, -.infinity])
  func isNamed(element: IDXElement, value: Double) throws {
    let (good, bad) = try (images(element, [:]), images(element, [29_999: value]))
    expectDataError("d: train images", ["found \(value) in image 4999 (counted from 0), row 1, column 2"]) {
      try dataset(train: bad, test: good)
    }
    expectDataError("d: test images", ["found \(value)", "image 4999"]) {
      try dataset(train: good, test: bad)
    }
  }

  @Test func theFirstAndTheLastNumber() {
    for (index, image) in [(0, 0), (35_999, 5999)] {
      expectDataError("d: train images", ["image \(image)"]) {
        try dataset(train: images(.float32, [index: .nan]), test: images(.float32, [:]))
      }
    }
  }

  @Test func beyondTheRangeOfFloat() throws {
    let (largest, halfway) = (Double(Float.greatestFiniteMagnitude), 0x1.ffffffp127)
    for value in [halfway, -halfway, 1e39, -1e300] {
      expectDataError("d: train images", ["found \(value) in image 1", "row 0, column 1"]) {
        try dataset(train: images(.float64, count: 2, [7: value]), test: images(.float64, [:]))
      }
    }
    for value in [largest, -largest, halfway.nextDown, Double.leastNonzeroMagnitude, -0.0] {
      #expect(Float(value).isFinite)
      _ = try dataset(train: images(.float64, count: 2, [7: value]), test: images(.float64, [:]))
    }
  }

  @Test func otherShapes() {
    expectDataError("d: train images", ["channel 2, row 1, column 0"]) {
      try dataset(
        train: images(.float32, count: 2, shape: [3, 2, 2], [22: .nan]),
        test: images(.float32, shape: [3, 2, 2], [:]))
    }
    expectDataError("d: train images", ["image 1", "number 4"]) {
      try dataset(
        train: images(.float32, count: 2, shape: [6], [10: .nan]), test: images(.float32, shape: [6], [:]))
    }
  }

  /// Integers whose bytes look like a NaN are none.
  @Test func integersAreAnything() throws {
    let table = try SampleTable(
      count: 2, shape: [1], element: .int32, copying: [0x7F, 0xC0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF])
    _ = try dataset(train: table, test: table)
  }
}
