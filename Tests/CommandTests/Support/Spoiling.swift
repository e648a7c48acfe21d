import Foundation
import Testing

/// Defects of a dataset.
enum Spoiling: String, Sendable {
  case withoutLabels = "without labels"
  case fewerLabels = "fewer labels than images"
  case truncated = "truncated file"
  case truncatedGzip = "truncated gzip file"
  case hugeHeader = "header that promises 10^9 images"
  case hugeCompressedHeader = "gzip of a header that promises 10^9 images"
  case errorPage = "HTML under the right name"
  case notANumber = "NaN in the test images"
  case softLabels = "labels of two columns that are no classes"
  case largerImages = "images of twice the sides"
  /// Valid images, but too small for a model of larger ones.
  case smallerImages = "images of 4 by 4"
}

extension TrainingScene {
  /// Writes a text file and returns its path.
  func file(_ name: String, _ text: String) throws -> String {
    try scratch.write(Data(text.utf8), to: name)
    return scratch.file(name)
  }

  /// The path of a copy of the digits with this defect.
  func spoiled(_ spoiling: Spoiling) throws -> String {
    let images = "spoiled/train-images-idx3-ubyte"
    let labels = "spoiled/train-labels-idx1-ubyte"
    try FileManager.default.copyItem(atPath: data, toPath: scratch.file("spoiled"))
    switch spoiling {
    case .withoutLabels:
      try FileManager.default.removeItem(atPath: scratch.file(labels))
    case .fewerLabels:
      try scratch.write(idx([1999], Data(repeating: 3, count: 1999)), to: labels)
    case .truncated:
      try scratch.write(scratch.data(images).dropLast(100), to: images)
    case .truncatedGzip:
      try gzip(images)
      try scratch.write(scratch.data(images + ".gz").dropLast(1000), to: images + ".gz")
    case .hugeHeader:
      try scratch.write(idx([1_000_000_000, 28, 28], Data(count: 2000)), to: images)
    case .hugeCompressedHeader:
      try scratch.write(idx([1_000_000_000, 28, 28], Data(count: 2000)), to: images)
      try gzip(images)
    case .errorPage:
      try scratch.write(Data("\n<!DOCTYPE html><html>404 Not Found</html>".utf8), to: images)
    case .notANumber:
      for (part, count) in [("train", 2000), ("t10k", 300)] {
        var pixels = Data(count: count * 16)
        if part == "t10k" { pixels.replaceSubrange(160..<164, with: [0x7F, 0xC0, 0, 0]) }
        try scratch.write(
          idx([count, 2, 2], pixels, element: 0x0D), to: "spoiled/\(part)-images-idx3-ubyte")
      }
    case .softLabels:
      try scratch.write(idx([2000, 2], Data(repeating: 50, count: 4000)), to: labels)
    case .largerImages:
      try scratch.write(idx([2000, 28, 28], Data(count: 2000 * 56 * 56)), to: images)
    case .smallerImages:
      for (part, count) in [("train", 2000), ("t10k", 300)] {
        let pixels = Data(repeating: 9, count: count * 16)
        try scratch.write(idx([count, 4, 4], pixels), to: "spoiled/\(part)-images-idx3-ubyte")
      }
    }
    return scratch.file("spoiled")
  }

  private func gzip(_ name: String) throws {
    try #require(run("gzip", [scratch.file(name)]).status == 0)
  }

  /// An IDX file, by default of bytes.
  private func idx(_ dimensions: [Int], _ payload: Data, element: UInt8 = 8) -> Data {
    var file = Data([0, 0, element, UInt8(dimensions.count)])
    for size in dimensions { withUnsafeBytes(of: UInt32(size).bigEndian) { file.append(contentsOf: $0) } }
    return file + payload
  }
}
