/// A picture in memory: 8-bit pixels, row by row from the top, the channels of a pixel side by side.
public struct Picture: Equatable, Sendable {
  /// In pixels, from 1.
  public let width: Int
  /// In pixels, from 1.
  public let height: Int
  /// 1 for grey, 3 for red, green, blue.
  public let channels: Int
  /// `height * width * channels` bytes: 0 is black, 255 white or a channel at its brightest.
  public let pixels: [UInt8]

  /// The most pixels of a picture: more are refused before any memory is allocated for them.
  public static let mostPixels = 1 << 26

  /// `pixels` must be `height * width * channels` bytes, and `channels` 1 or 3.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0 && (channels == 1 || channels == 3))
    precondition(pixels.count == width * height * channels)
    (self.width, self.height, self.channels, self.pixels) = (width, height, channels, pixels)
  }

  /// In shades of grey, by the weights of ITU-R BT.601 in 16 bits, as Pillow and JPEG have them.
  public var grey: Picture {
    guard channels == 3 else { return self }
    let count = width * height
    let shades = [UInt8](unsafeUninitializedCapacity: count) { shades, filled in
      pixels.withUnsafeBufferPointer { pixels in
        for i in 0..<count {
          let red = 19595 * Int(pixels[3 * i])
          let green = 38470 * Int(pixels[3 * i + 1])
          let blue = 7471 * Int(pixels[3 * i + 2])
          let sum: Int = red + green + blue + 0x8000
          shades[i] = UInt8(sum >> 16)
        }
      }
      filled = count
    }
    return Picture(width: width, height: height, channels: 1, pixels: shades)
  }

  /// With three channels, alike where it was grey.
  public var coloured: Picture {
    guard channels == 1 else { return self }
    return Picture(width: width, height: height, channels: 3, pixels: pixels.flatMap { [$0, $0, $0] })
  }

  /// Black for white.
  public var inverted: Picture {
    Picture(width: width, height: height, channels: channels, pixels: pixels.map { ~$0 })
  }

  /// Whether a pixel's channels differ by more than JPEG's rounding can make of grey.
  public var hasColour: Bool {
    guard channels == 3 else { return false }
    return stride(from: 0, to: pixels.count, by: 3).contains { i in
      let channels = pixels[i..<i + 3]
      return channels.max()! - channels.min()! > 8
    }
  }

  /// The bytes as datasets have them, [channels, height, width].
  public var planes: [UInt8] {
    guard channels == 3 else { return pixels }
    return (0..<3).flatMap { channel in stride(from: channel, to: pixels.count, by: 3).map { pixels[$0] } }
  }

  /// A picture of a dataset's bytes, [channels, height, width].
  public init(planes: [UInt8], channels: Int, height: Int, width: Int) {
    let count = height * width
    let pixels = channels == 1 ? planes : (0..<planes.count).map { planes[$0 % 3 * count + $0 / 3] }
    self.init(width: width, height: height, channels: channels, pixels: pixels)
  }
}
