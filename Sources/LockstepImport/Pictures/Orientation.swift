/// How a camera was held: JPEG's tag 0x0112 of Exif (CIPA DC-008, 4.6.4), 1 for upright. Viewers turn pictures by it.
enum Orientation {
  /// That of a JPEG file; 1 without a sound one.
  static func find(in jpeg: [UInt8]) -> Int {
    var position = 2
    // Segments of a length, up to the picture itself.
    while position + 4 <= jpeg.count, jpeg[position] == 0xFF, jpeg[position + 1] != 0xDA {
      let length = Int(jpeg[position + 2]) << 8 | Int(jpeg[position + 3])
      let segment = jpeg[min(position + 4, jpeg.count)..<min(position + 2 + max(length, 2), jpeg.count)]
      if jpeg[position + 1] == 0xE1, segment.starts(with: Array("Exif\0\0".utf8)) {
        return value(in: Array(segment.dropFirst(6))) ?? 1
      }
      position += 2 + max(length, 2)
    }
    return 1
  }

  /// Of a TIFF header with its first directory.
  private static func value(in tiff: [UInt8]) -> Int? {
    let isBigEndian = tiff.starts(with: Array("MM".utf8))
    func number(_ offset: Int, _ count: Int) -> Int? {
      guard offset >= 0, offset + count <= tiff.count else { return nil }
      let bytes = tiff[offset..<offset + count]
      return (isBigEndian ? Array(bytes) : bytes.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }
    guard let directory = number(4, 4), let entries = number(directory, 2) else { return nil }
    for entry in 0..<entries {
      let offset = directory + 2 + 12 * entry
      guard let tag = number(offset, 2) else { return nil }
      if tag == 0x0112 { return number(offset + 8, 2).flatMap { 1...8 ~= $0 ? $0 : nil } }
    }
    return nil
  }
}

extension Picture {
  /// Turned and mirrored so that it is upright, for an orientation of Exif.
  func upright(_ orientation: Int) -> Picture {
    switch orientation {
    case 2: mirrored
    case 3: mirrored.transposed.mirrored.transposed
    case 4: transposed.mirrored.transposed
    case 5: transposed
    case 6: transposed.mirrored
    case 7: mirrored.transposed.mirrored
    case 8: mirrored.transposed
    default: self
    }
  }

  private var mirrored: Picture {
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count)
    for y in 0..<height {
      for x in (0..<width).reversed() {
        let start = (y * width + x) * channels
        result += pixels[start..<start + channels]
      }
    }
    return Picture(width: width, height: height, channels: channels, pixels: result)
  }
}
