import Foundation
import LockstepCore
import Testing

@Suite struct IDXTests {
  @Test(arguments: IDXElement.allCases, [[3], [3, 2], [3, 2, 2], [1, 1, 1, 1], [2, 3, 4, 5]])
  func everyTypeAndRankRoundTrips(element: IDXElement, dimensions: [Int]) throws {
    let bytes = idx(element, dimensions)
    for contents in [bytes, gzip(bytes)] {
      let table = try IDXFile(contents: contents, path: "f").table()
      #expect(table.element == element)
      #expect(table.count == dimensions[0])
      #expect(table.shape == Array(dimensions.dropFirst()))
      #expect(table.sampleByteCount * table.count + 4 + 4 * dimensions.count == bytes.count)
      let samples = (0..<table.count).flatMap(table.sample)
      #expect(samples == Array(bytes.dropFirst(4 + 4 * dimensions.count)))
    }
  }

  @Test func typeCodesAndSizesAreTheFormats() {
    let sizes = IDXElement.allCases.map { ($0.rawValue, $0.byteCount) }
    #expect(sizes.map(\.0) == [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E])
    #expect(sizes.map(\.1) == [1, 1, 2, 4, 4, 8])
  }

  @Test func headerIsBigEndian() throws {
    let header: [UInt8] = [0, 0, 0x0B, 2, 0, 0, 0, 2, 0, 0, 1, 2]
    let parsed = try header.withUnsafeBytes { try IDXHeader(parsing: $0, path: "f") }
    #expect(parsed.dimensions == [2, 258])
    #expect(parsed.payloadByteCount == 2 * 258 * 2)
    #expect(IDXHeader.encode(element: .int16, dimensions: [2, 258]) == header)
  }

  @Test func twoHundredFiftyFiveDimensions() throws {
    let dimensions = [2] + Array(repeating: 1, count: 254)
    let table = try IDXFile(contents: gzip(idx(dimensions)), path: "f").table()
    #expect([table.count] + table.shape == dimensions)
  }

  @Test(arguments: [
    (IDXElement.uint8, [0, 7, 0xFF] as [UInt8], [0, 7, 255] as [Int32]),
    (.int8, [0, 7, 0xFF], [0, 7, -1]),
    (.int16, [0, 1, 1, 0, 0xFF, 0xFE], [1, 256, -2]),
    (.int32, [0, 0, 0, 9, 0x7F, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 0], [9, .max, .min]),
  ])
  func labelsOfEveryIntegerType(element: IDXElement, bytes: [UInt8], labels: [Int32]) throws {
    let table = try IDXFile(contents: idx(element, [3], bytes), path: "f").table()
    #expect(try table.labels(path: "f") == labels)
  }

  struct Hostile: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let contents: [UInt8]
    let fragments: [String]

    init(_ name: String, _ contents: some Collection<UInt8>, _ fragments: String...) {
      (testDescription, self.contents, self.fragments) = (name, Array(contents), fragments)
    }
  }

  static let max32 = Int(UInt32.max)
  static let corpus: [Hostile] = [
    Hostile("empty", [UInt8](), "an empty file"),
    Hostile("one byte", [0] as [UInt8], "found 00 and no more"),
    Hostile("nonzero magic", [1, 0, 8, 1, 0, 0, 0, 1, 0] as [UInt8], "begins 00 00", "found 01 00 08 01"),
    Hostile("nonzero second byte", [0, 1, 8, 1, 0, 0, 0, 1, 0] as [UInt8], "found 00 01 08 01"),
    Hostile("little-endian magic", [3, 8, 0, 0] + idx([1, 1]), "found 03 08 00 00"),
    Hostile("type 0A", [0, 0, 0x0A, 1, 0, 0, 0, 1, 0] as [UInt8], "element type", "found 0A"),
    Hostile("type 00", Array(repeating: 0, count: 100), "element type", "found 00"),
    Hostile("no dimensions", [0, 0, 8, 0, 0, 0, 0, 0] as [UInt8], "at least one dimension"),
    Hostile("cut in the dimensions", Array(idx([4, 2, 3]).prefix(15)), "header of 16 bytes", "of 15 bytes"),
    Hostile("255 dimensions and no more", [0, 0, 8, 255] as [UInt8], "header of 1024 bytes"),
    Hostile("no samples", idx([0, 28, 28], []), "at least one sample", "[0, 28, 28]"),
    Hostile("no columns", idx([5, 28, 0], []), "dimensions of at least 1", "[5, 28, 0]"),
    Hostile("overflow to zero", idx(.float64, [1 << 31, 1 << 30], []), "a size that fits in memory"),
    Hostile("overflow", idx(.float64, [max32, max32, max32], []), "a size that fits in memory"),
    Hostile("overflow before a zero", idx([max32, max32, max32, 0], []), "dimensions of at least 1"),
    Hostile("sum overflow", idx([1 << 31, 1 << 31], []), "a size that fits in memory"),
    Hostile("a billion images", idx([1_000_000_000, 28, 28], [1]), "784000000016 bytes", "found 17 bytes"),
    Hostile("one byte missing", idx([4, 2, 3]).dropLast(), "expected 40 bytes", "found 39 bytes"),
    Hostile("one byte trailing", idx([4, 2, 3]) + [0], "expected 40 bytes", "found 41 bytes"),
    Hostile("header only", idx([4, 2, 3], []), "found 16 bytes"),
    Hostile("HTML", "<!DOCTYPE html><html>".utf8, "looks like an HTML page", "Fetch or write the file again"),
    Hostile("HTML after white space", "\r\n\t <html>".utf8, "looks like an HTML page"),
    Hostile("HTML after a byte order mark", "\u{FEFF}<html>".utf8, "looks like an HTML page"),
    Hostile("only white space", "  \n".utf8, "found 20 20 0A and no more"),
    Hostile("numpy", [0x93] + Array("NUMPY\u{1}\0".utf8), "a numpy .npy file"),
    Hostile("zip", "PK\u{3}\u{4}....".utf8, "a zip archive"),
    Hostile("xz", [0xFD] + Array("7zXZ\0".utf8), "an xz file"),
    Hostile("bzip2", "BZh91AY".utf8, "a bzip2 file"),
    Hostile("zstd", [0x28, 0xB5, 0x2F, 0xFD, 0], "a zstd file"),
    Hostile("Git LFS", "version https://git-lfs.github.com/spec/v1\n".utf8, "a Git LFS pointer"),
  ]

  @Test(arguments: corpus)
  func hostileFile(_ file: Hostile) throws {
    expectDataError("dir/name", file.fragments) { try IDXFile(contents: file.contents, path: "dir/name") }
    let directory = try TemporaryDirectory()
    let path = try directory.write(file.contents, as: "train-images-idx3-ubyte")
    expectDataError(path, file.fragments) { try IDXFile(path: path) }
  }
}
