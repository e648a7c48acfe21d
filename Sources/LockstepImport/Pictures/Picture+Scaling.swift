import PlatformC

extension Picture {
  /// Stretched or squeezed to a size by a triangle filter, which averages over all pixels that a smaller one covers:
  /// bit for bit what Pillow's `resize((width, height), Image.BILINEAR)` gives (libImaging/Resample.c).
  public func scaled(width: Int, height: Int) -> Picture {
    var result = self
    if width != result.width { result = result.scaledAcross(to: width) }
    if height != result.height { result = result.transposed.scaledAcross(to: height).transposed }
    return result
  }

  private func scaledAcross(to width: Int) -> Picture {
    let filter = ScalingFilter(from: self.width, to: width)
    let (before, channels, height) = (self.width, channels, height)
    let pixels = [UInt8](unsafeUninitializedCapacity: width * height * channels) { result, count in
      self.pixels.withUnsafeBufferPointer { pixels in
        for y in 0..<height {
          for x in 0..<width {
            for channel in 0..<channels {
              var sum = 1 << (ScalingFilter.bits - 1)
              for k in filter.taps[x] {
                sum +=
                  Int(
                    pixels[
                      (y * before + filter.first[x] + k - filter.taps[x].lowerBound) * channels + channel])
                  * filter.weights[k]
              }
              result[(y * width + x) * channels + channel] = UInt8(clamping: sum >> ScalingFilter.bits)
            }
          }
        }
      }
      count = width * height * channels
    }
    return Picture(width: width, height: height, channels: channels, pixels: pixels)
  }

  package var transposed: Picture {
    var result: [UInt8] = []
    result.reserveCapacity(pixels.count)
    for x in 0..<width {
      for y in 0..<height {
        for channel in 0..<channels { result.append(pixels[(y * width + x) * channels + channel]) }
      }
    }
    return Picture(width: height, height: width, channels: channels, pixels: result)
  }
}

/// Weights of the pixels of a row that make up each pixel of another row, in 2^-22.
private struct ScalingFilter {
  static let bits = 22
  /// For each new pixel: the first old one, and where the weights are.
  private(set) var first: [Int] = []
  private(set) var taps: [Range<Int>] = []
  private(set) var weights: [Int] = []

  init(from before: Int, to after: Int) {
    let scale = Double(before) / Double(after)
    let reach = max(scale, 1)
    for x in 0..<after {
      let centre = (Double(x) + 0.5) * scale
      let start = max(Int(centre - reach + 0.5), 0)
      let end = min(Int(centre + reach + 0.5), before)
      let raw = (start..<end).map { max(1 - abs((Double($0) - centre + 0.5) * (1 / reach)), 0) }
      let sum = raw.reduce(0, +)
      first.append(start)
      taps.append(weights.count..<weights.count + raw.count)
      weights += raw.map { Int(0.5 + (sum == 0 ? $0 : $0 / sum) * Double(1 << Self.bits)) }
    }
  }
}
