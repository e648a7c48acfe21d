import LockstepCore

/// A sample between two layers, row-major in its shape: [features] or [channels, height, width].
struct ReferenceValues {
  var shape: [Int]
  var values: [Double]

  func dense(weight: [Double], bias: [Double]) -> ReferenceValues {
    let n = values.count
    return ReferenceValues(
      shape: [bias.count],
      values: bias.indices.map { o in values.indices.reduce(bias[o]) { $0 + weight[o * n + $1] * values[$1] }
      })
  }

  /// The value of a pixel, 0 outside of the image.
  private func pixel(_ channel: Int, _ y: Int, _ x: Int) -> Double {
    guard 0..<shape[1] ~= y, 0..<shape[2] ~= x else { return 0 }
    return values[(channel * shape[1] + y) * shape[2] + x]
  }

  func convolved(weight: [Double], bias: [Double], size: Int, stride: Int, padding: Int) -> ReferenceValues {
    let channels = shape[0]
    return windows(channels: bias.count, size: size, stride: stride, padding: padding) { o, top, left in
      (0..<channels * size * size).reduce(bias[o]) { sum, tap in
        let (channel, place) = tap.quotientAndRemainder(dividingBy: size * size)
        return sum + weight[o * channels * size * size + tap]
          * pixel(channel, top + place / size, left + place % size)
      }
    }
  }

  func maxPooled(size: Int, stride: Int) -> ReferenceValues {
    windows(channels: shape[0], size: size, stride: stride, padding: 0) { channel, top, left in
      (0..<size * size).map { pixel(channel, top + $0 / size, left + $0 % size) }.max()!
    }
  }

  func averaged(size: Int, stride: Int) -> ReferenceValues {
    windows(channels: shape[0], size: size, stride: stride, padding: 0) { channel, top, left in
      (0..<size * size).reduce(0) { $0 + pixel(channel, top + $1 / size, left + $1 % size) }
        / Double(size * size)
    }
  }

  /// The mean of each channel.
  func averaged() -> ReferenceValues {
    let pixels = shape[1] * shape[2]
    return ReferenceValues(
      shape: [shape[0]],
      values: (0..<shape[0]).map {
        values[$0 * pixels..<($0 + 1) * pixels].reduce(0, +) / Double(pixels)
      })
  }

  /// An image whose pixels come from windows; the body is given the output's channel and the window's top and left.
  private func windows(
    channels: Int, size: Int, stride: Int, padding: Int, _ body: (Int, Int, Int) -> Double
  ) -> ReferenceValues {
    let height = (shape[1] + 2 * padding - size) / stride + 1
    let width = (shape[2] + 2 * padding - size) / stride + 1
    return ReferenceValues(
      shape: [channels, height, width],
      values: (0..<channels * height * width).map {
        let (channel, place) = $0.quotientAndRemainder(dividingBy: height * width)
        return body(channel, place / width * stride - padding, place % width * stride - padding)
      })
  }

  /// Unit u of layer n is dropped if element 2^24 n + u of the sample's stream, as a fraction of 2^32, is below p.
  func dropped(_ p: Double, units: Int, layer: Int, sample: Int) -> ReferenceValues {
    let random = CounterRandom(
      seed: Problem.dropoutSeed, purpose: .dropout, time: Problem.dropoutEpoch, sample: sample)
    let perUnit = values.count / units
    var result = self
    for i in values.indices {
      result.values[i] *=
        Double(random.bits(layer << 24 | i / perUnit)) * 0x1p-32 < p ? 0 : 1 / (1 - p)
    }
    return result
  }
}
