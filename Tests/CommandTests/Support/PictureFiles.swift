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
