import CPNG
import PlatformC

extension Picture {
  /// Reads a PNG file by libpng's simplified interface, which reports errors without longjmp. 16 bits become 8,
  /// palettes colours; what is transparent is seen on white.
  ///
  /// - Throws: LockstepError (.data) naming `path`.
  init(png bytes: [UInt8], path: String) throws {
    var image = png_image()
    image.version = png_uint_32(PNG_IMAGE_VERSION)
    defer { png_image_free(&image) }
    self = try bytes.withUnsafeBytes { bytes in
      guard png_image_begin_read_from_memory(&image, bytes.baseAddress, bytes.count) != 0 else {
        throw Self.damaged("PNG file", Self.message(of: image), path: path)
      }
      let (width, height) = (Int(image.width), Int(image.height))
      // Deflate inflates 1032:1, and a pixel has a bit at least.
      try Self.checkSize(width: width, height: height, pixelsOfByte: 8 * 1032, of: bytes.count, path: path)
      let colour = png_uint_32(PNG_FORMAT_FLAG_COLOR)
      // Otherwise samples of 16 bits would be taken for linear light, which hardly a file holds.
      image.flags |= png_uint_32(PNG_IMAGE_FLAG_16BIT_sRGB)
      image.format = image.format & colour
      let channels = image.format == 0 ? 1 : 3
      var white = png_color(red: 255, green: 255, blue: 255)
      var isRead = false
      let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { pixels, count in
        isRead = png_image_finish_read(&image, &white, pixels.baseAddress, 0, nil) != 0
        count = isRead ? width * height * channels : 0
      }
      guard isRead else { throw Self.damaged("PNG file", Self.message(of: image), path: path) }
      return Picture(width: width, height: height, channels: channels, pixels: pixels)
    }
  }

  private static func message(of image: png_image) -> String {
    withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
