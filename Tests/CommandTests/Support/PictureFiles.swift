import CPNG
import Foundation
import Testing

extension TemporaryDirectory {
  /// Writes a PNG file, grey or of three channels side by side, and makes its folder.
  func writePNG(_ pixels: [UInt8], width: Int, channels: Int = 1, to name: String) throws {
    let path = file(name)
    try FileManager.default.createDirectory(
      atPath: String(path[..<path.lastIndex(of: "/")!]), withIntermediateDirectories: true)
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    (image.width, image.height) = (png_uint_32(width), png_uint_32(pixels.count / width / channels))
    image.format = channels == 3 ? png_uint_32(PNG_FORMAT_FLAG_COLOR) : 0
    try #require(png_image_write_to_file(&image, path, 0, pixels, 0, nil) != 0)
  }

  /// Pictures of 8x8 pixels that differ from each other: `folder/NUMBER.png`.
  func writePictures(_ count: Int, to folder: String) throws {
    for index in 0..<count {
      let pixels = (0..<64).map { UInt8(truncatingIfNeeded: $0 * (index + 3)) }
      try writePNG(pixels, width: 8, to: "\(folder)/\(index).png")
    }
  }

  /// A folder of digits for each class, of those of a dataset: `count` of them under `name/DIGIT/NUMBER.png`.
  func writeDigits(_ count: Int, of dataset: String, part: String = "train", to name: String) throws {
    let images = try Data(contentsOf: URL(fileURLWithPath: "\(dataset)/\(part)-images-idx3-ubyte"))
    let labels = try Data(contentsOf: URL(fileURLWithPath: "\(dataset)/\(part)-labels-idx1-ubyte"))
    for number in 0..<count {
      let pixels = Array(images[16 + number * 784..<16 + (number + 1) * 784])
      let digits = String(format: "%05d", number)
      try writePNG(pixels, width: 28, to: "\(name)/\(labels[8 + number])/\(digits).png")
    }
  }

  /// A dataset of twelve samples of 8x8 numbers from 0 to 6, to train and to test, in two classes. Returns its folder.
  func writeNumbers(bytes: Bool = false, to folder: String) throws -> String {
    try FileManager.default.createDirectory(atPath: file(folder), withIntermediateDirectories: false)
    let numbers = (0..<12 * 64).map { $0 % 7 }
    let floats = numbers.flatMap { number in
      withUnsafeBytes(of: Float(number).bitPattern.bigEndian) { [UInt8]($0) }
    }
    let (code, name): (UInt8, _) = bytes ? (0x08, "ubyte") : (0x0D, "float")
    let shape: [UInt8] = [0, 0, 0, 12, 0, 0, 0, 8, 0, 0, 0, 8]
    let images = [0, 0, code, 3] + shape + (bytes ? numbers.map { UInt8($0) } : floats)
    for part in ["train", "t10k"] {
      try write(Data(images), to: "\(folder)/\(part)-images-idx3-\(name)")
      try write(
        Data([0, 0, 8, 1, 0, 0, 0, 12] + (0..<12).map { UInt8($0 % 2) }),
        to: "\(folder)/\(part)-labels-idx1-ubyte")
    }
    return file(folder)
  }

  /// The bytes of every file in a folder, by name.
  func contents(_ name: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: file(name))
    return try Dictionary(uniqueKeysWithValues: names.map { ($0, try data("\(name)/\($0)")) })
  }
}

/// A .npy file of numpy's for bytes.
func npy(_ shape: [Int], _ bytes: [UInt8], type: String = "|u1") -> Data {
  let sizes = shape.map { "\($0)," }.joined(separator: " ")
  let text = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(sizes)), }\n"
  return Data([0x93] + Array("NUMPY\u{1}\0".utf8) + [UInt8(text.utf8.count), 0] + Array(text.utf8) + bytes)
}
