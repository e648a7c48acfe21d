import LockstepSupport

/// Random changes of training images, each a function of (seed, epoch, sample) alone.
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
  /// Whether every second image, at random, is mirrored from left to right.
  public var flip = false
  /// Largest shift in whole pixels, each way: a random crop of the image with as many pixels of black around it.
  public var crop = 0
  /// The side in pixels of a square, its centre anywhere in the image, that is 0 after normalization: the mean, where
  /// that is taken off (DeVries and Taylor 2017, Cutout). 0 for none.
  public var cutout = 0

  /// By default nothing changes.
  public init(shift: Double = 0, rotate: Double = 0, scale: Double = 0) {
    self.shift = shift
    self.rotate = rotate
    self.scale = scale
  }

  /// Whether images stay as they are.
  public var isNone: Bool { self == Augmentation() }

  /// What becomes of one sample: the source of an offset (x, y) from the centre is (a x - b y + dx, b x + a y + dy), in
  /// the mirrored image where `flips`; then a square is cut out.
  package struct Transform: Equatable {
    package var a: Float
    package var b: Float
    package var dx: Float
    package var dy: Float
    package var flips = false
    /// The pixel in the middle of the square, as fractions of width and height.
    package var cut = SIMD2<Float>.zero
    /// The square's side.
    package var side = 0

    package init(a: Float, b: Float, dx: Float, dy: Float) {
      self.a = a
      self.b = b
      self.dx = dx
      self.dy = dy
    }
  }

  package func transform(seed: UInt64, epoch: Int, sample: Int) -> Transform {
    let random = CounterRandom(seed: seed, purpose: .augmentation, time: epoch, sample: sample)
    let bits = random.block(0)
    /// Uniform in [-1, 1).
    func unit(_ i: Int) -> Double { 2 * Double(CounterRandom.uniform(bits[i])) - 1 }
    let turn = abs(unit(0)) * min(rotate, 180) / 360
    let (cos, sin) = (cosine(ofTurn: turn), cosine(ofTurn: abs(0.25 - turn)))
    let factor = 1 / (1 + unit(1) * scale)
    var transform = Transform(
      a: Float(cos * factor), b: Float((unit(0) < 0 ? -sin : sin) * factor), dx: Float(unit(2) * shift),
      dy: Float(unit(3) * shift))
    guard flip || crop > 0 || cutout > 0 else { return transform }
    let more = random.block(1)
    /// Uniform in -crop ... crop.
    func whole(_ i: Int) -> Float { Float(Int((UInt64(more[i]) * UInt64(2 * crop + 1)) >> 32) - crop) }
    transform.flips = flip && more[0] & 1 == 1
    transform.dx += whole(1)
    transform.dy += whole(2)
    let place = random.block(2)
    transform.side = cutout
    transform.cut = SIMD2(CounterRandom.uniform(place[0]), CounterRandom.uniform(place[1]))
    return transform
  }

  /// Writes the transformed image; planes are [channels, height, width].
  package static func apply(
    _ t: Transform, from source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, channels: Int,
    height: Int, width: Int, outside: Float
  ) {
    let image = Image(channels: channels, height: height, width: width)
    if t.a == 1, t.b == 0, t.dx == t.dx.rounded(), t.dy == t.dy.rounded() {
      image.move(source, to: target, t, outside)
    } else {
      image.turn(source, to: target, t, outside)
    }
    image.cut(target, t)
  }
}

/// The planes of an image, [channels, height, width], and what is done to them.
private struct Image {
  let channels: Int
  let height: Int
  let width: Int

  /// Shifts by whole pixels, which is what `turn` would do.
  func move(
    _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ t: Augmentation.Transform,
    _ outside: Float
  ) {
    let dx = Int(max(min(t.dx, Float(width)), -Float(width)))
    let dy = Int(max(min(t.dy, Float(height)), -Float(height)))
    let inside = max(-dx, 0)..<max(min(width - dx, width), max(-dx, 0))
    for line in 0..<channels * height {
      let (plane, row) = (line / height, line % height)
      let to = target + line * width
      guard 0..<height ~= row + dy else {
        to.update(repeating: outside, count: width)
        continue
      }
      let from = source + (plane * height + row + dy) * width
      to.update(repeating: outside, count: inside.lowerBound)
      for column in inside { to[column] = from[t.flips ? width - 1 - column - dx : column + dx] }
      (to + inside.upperBound).update(repeating: outside, count: width - inside.upperBound)
    }
  }

  /// Rotates, scales and shifts, with bilinear interpolation.
  func turn(
    _ source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, _ t: Augmentation.Transform,
    _ outside: Float
  ) {
    let (centerX, centerY) = (Float(width - 1) / 2, Float(height - 1) / 2)
    for row in 0..<height {
      let y = Float(row) - centerY
      for column in 0..<width {
        let x = Float(column) - centerX
        let straight = t.a * x - t.b * y + t.dx + centerX
        let sourceX = t.flips ? Float(width - 1) - straight : straight
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

  /// Sets a square to 0, as far as it is in the image.
  func cut(_ target: UnsafeMutablePointer<Float>, _ t: Augmentation.Transform) {
    guard t.side > 0 else { return }
    func range(_ middle: Float, _ size: Int) -> Range<Int> {
      let start = Int(middle * Float(size)) - t.side / 2
      let begin = min(max(start, 0), size)
      return begin..<max(min(start + t.side, size), begin)
    }
    let columns = range(t.cut.x, width)
    for channel in 0..<channels {
      for row in range(t.cut.y, height) {
        (target + (channel * height + row) * width + columns.lowerBound)
          .update(repeating: 0, count: columns.count)
      }
    }
  }
}
