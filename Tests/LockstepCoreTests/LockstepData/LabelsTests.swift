import LockstepCore
import Testing

/// Labels of one dimension and of more.
@Suite struct LabelsTests {
  private func read(_ file: [UInt8], images: Int? = nil) throws -> (classes: [Int32], note: String?) {
    try IDXFile(contents: file, path: "labels").table().labelReading(path: "labels", images: images)
  }

  private func int32(_ values: [Int32]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bigEndian) { Array($0) } }
  }

  @Test(arguments: [[3], [3, 1], [3, 1, 1]]) func oneNumberASample(dimensions: [Int]) throws {
    let (classes, note) = try read(idx(dimensions, [5, 0, 4]))
    #expect(classes == [5, 0, 4] && note == nil)
  }

  @Test(arguments: IDXElement.allCases.filter(\.isInteger)) func oneHotRows(element: IDXElement) throws {
    let one = Array(repeating: UInt8(0), count: element.byteCount - 1) + [1]
    let zero = Array(repeating: UInt8(0), count: element.byteCount)
    let (classes, note) = try read(
      idx(element, [3, 4], zero + zero + one + zero + one + zero + zero + zero + zero + zero + zero + one))
    #expect(classes == [2, 0, 3])
    #expect(note?.contains("labels: one-hot labels of 4 columns") == true)
    #expect(try read(idx([1, 3], [0, 0, 1]), images: 1).classes == [2])
  }

  /// Ten columns are ten classes, whichever of them samples have.
  @Test func columnsAreClasses() throws {
    func load(_ columns: Int, _ testColumns: Int) throws -> Dataset {
      func rows(_ count: Int, _ columns: Int) -> [UInt8] {
        idx([count, columns], (0..<count * columns).map { $0 % columns == $0 / columns ? 1 : 0 })
      }
      let directory = try TemporaryDirectory(
        tinyDataset().merging([
          "train-labels-idx1-ubyte": rows(4, columns), "t10k-labels-idx1-ubyte": rows(2, testColumns),
        ]) { $1 })
      return try withExtendedLifetime(directory) {
        try Dataset.load(directory: directory.path, collective: SingleProcess())
      }
    }
    let data = try load(10, 10)
    #expect(data.classes == 10)
    #expect(
      data.warnings().contains { $0.contains("classes 4, 5, 6, 7, 8, 9 of 10 have no training sample") })
    let error = #expect(throws: AgreedError.self) { try load(10, 12) }
    #expect(error?.message.contains("expected one-hot labels of 10 columns, as in ") == true)
    #expect(error?.message.contains("found 12 columns") == true)
  }

  private static func qmnist(_ digits: [Int32], code: Int32 = 30) -> [Int32] {
    digits.enumerated().flatMap { [$1, 4, 2100 + Int32($0), 7, code + $1, 1000, 0, 0] }
  }

  @Test(arguments: [30, 0x30] as [Int32]) func columnsOfQMNIST(code: Int32) throws {
    let digits: [Int32] = [7, 2, 1, 0]
    let (classes, note) = try read(idx(.int32, [4, 8], int32(Self.qmnist(digits, code: code))))
    #expect(classes == digits && note == nil)
  }

  @Test func eightOtherColumnsAreNotQMNIST() {
    var values = Self.qmnist([7, 2, 1, 0])
    values[12] += 1
    expectDataError("labels", ["row 0 is 7, 4, 2100, 7, 37, 1000, 0, 0", "QMNIST", "[4]"]) {
      try read(idx(.int32, [4, 8], int32(values)))
    }
    expectDataError("labels", ["[4, 8]"]) {
      try read(idx(.int32, [4, 8], int32(Self.qmnist([7, 2, 10, 0]))))
    }
    expectDataError("labels", ["[2, 8]"]) { try read(idx([2, 8])) }
  }

  @Test(arguments: [
    ([5, 90, 0, 91], "row 0 is 5, 90"), ([0, 1, 1, 1], "row 1 is 1, 1"), ([1, 0, 0, 0], "row 1 is 0, 0"),
    ([0, 1, 2, 0], "row 1 is 2, 0"), ([255, 0, 0, 255], "row 0 is 255, 0"),
    ([1, 0, 100, 155], "row 1 is 100, 155"),
  ])
  func otherColumnsAreErrors(payload: [UInt8], found: String) {
    expectDataError(
      "labels", ["one-hot rows [n, k]", "the dimensions [2, 2]", found, "as the dimensions [2]"]
    ) {
      try read(idx([2, 2], payload))
    }
  }

  @Test func transposedLabels() {
    expectDataError("labels", ["[1, 60] for 60 images", "Write them as [60]"]) {
      try read(idx([1, 60]), images: 60)
    }
    let oneHot = (0..<10).flatMap { row in (0..<60).map { UInt8($0 % 10 == row ? 1 : 0) } }
    expectDataError("labels", ["[10, 60] for 60 images", "[60, 10]"]) {
      try read(idx([10, 60], oneHot), images: 60)
    }
  }

  @Test func imagesInTheirPlace() {
    expectDataError("labels", ["[3, 28, 28]", "each other's names"]) { try read(idx([3, 28, 28])) }
  }

  @Test(arguments: [(IDXElement.float32, [2]), (.float64, [2, 2])])
  func floatingPointLabels(element: IDXElement, dimensions: [Int]) {
    expectDataError("labels", ["labels of type \(element)", "uint8 or int32"]) {
      try read(idx(element, dimensions))
    }
  }
}
