import LockstepSupport

/// Random shifts, rotations and scalings of training images, each a function of (seed, epoch, sample) alone.
///
/// A pixel of the new image gets the value at the inverse transformation of its centre, by bilinear interpolation;
/// outside of the image, the value of black after normalization.
public struct Augmentation: Equatable, Sendable {
  /// Largest shift in pixels, each way.
  public var shift: Double
  /// Largest rotation in degrees, each way.
  public var rotate: Double
  /// Largest change of the scale, each way: 0.1 draws from 0.9 to 1.1.
  public var scale: Double

  /// By default nothing changes.
  public init(shift: Double = 0, rotate: Double = 0, scale: Double = 0) {
    self.shift = shift
    self.rotate = rotate
    self.scale = scale
  }

  /// Whether images stay as they are.
  public var isNone: Bool { self == Augmentation() }

  /// The inverse transformation of one sample: the source of an offset (x, y) from the centre is
  /// (a x - b y + dx, b x + a y + dy).
  package struct Transform: Equatable {
    package var a: Float
    package var b: Float
    package var dx: Float
    package var dy: Float

    package init(a: Float, b: Float, dx: Float, dy: Float) {
      self.a = a
      self.b = b
      self.dx = dx
      self.dy = dy
    }
  }

  package func transform(seed: UInt64, epoch: Int, sample: Int) -> Transform {
    let bits = CounterRandom(seed: seed, purpose: .augmentation, time: epoch, sample: sample).block(0)
    /// Uniform in [-1, 1).
    func unit(_ i: Int) -> Double { 2 * Double(CounterRandom.uniform(bits[i])) - 1 }
    let turn = abs(unit(0)) * min(rotate, 180) / 360
    let (cos, sin) = (cosine(ofTurn: turn), cosine(ofTurn: abs(0.25 - turn)))
    let factor = 1 / (1 + unit(1) * scale)
    return Transform(
      a: Float(cos * factor), b: Float((unit(0) < 0 ? -sin : sin) * factor), dx: Float(unit(2) * shift),
      dy: Float(unit(3) * shift))
  }

  /// Writes the transformed image; planes are [channels, height, width].
  package static func apply(
    _ t: Transform, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, channels: Int,
    height: Int, width: Int, outside: Float
  ) {
    let (centerX, centerY) = (Float(width - 1) / 2, Float(height - 1) / 2)
    for row in 0..<height {
      let y = Float(row) - centerY
      for column in 0..<width {
        let x = Float(column) - centerX
        let sourceX = t.a * x - t.b * y + t.dx + centerX
        let sourceY = t.b * x + t.a * y + t.dy + centerY
        let (left, top) = (sourceX.rounded(.down), sourceY.rounded(.down))
        let (fx, fy) = (sourceX - left, sourceY - top)
        let inside = left >= -1 && top >= -1 && left < Float(width) && top < Float(height)
        for channel in 0..<channels {
          let plane = source + channel * height * width
          /// The pixel there, or the value outside.
          func pixel(_ dx: Int, _ dy: Int) -> Float {
            let (px, py) = (Int(left) + dx, Int(top) + dy)
            return 0..<width ~= px && 0..<height ~= py ? plane[py * width + px] : outside
          }
          let at = channel * height * width + row * width + column
          guard inside else {
            target[at] = outside
            continue
          }
          let upper = pixel(0, 0) + fx * (pixel(1, 0) - pixel(0, 0))
          let lower = pixel(0, 1) + fx * (pixel(1, 1) - pixel(0, 1))
          target[at] = upper + fy * (lower - upper)
        }
      }
    }
  }
}
