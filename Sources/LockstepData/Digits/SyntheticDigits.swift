/// Hand-written digits drawn from strokes: a dataset that needs no download, with the format and the conventions of
/// MNIST (white ink on black, 28x28 bytes, the ink in a box of 20x20 pixels, centred by its centre of mass).
///
/// Image `i` and its label are a pure function of (seed, split, `i`), so any rank or thread can draw any image.
/// Drawing uses `+ - * /`, square roots and comparisons only, each rounded as IEEE 754 says, so the bytes are the
/// same on every machine. They are part of the numerical contract: a test holds their digest.
package struct SyntheticDigits: Sendable {
  /// Width and height of an image, in pixels.
  package static let side = 28

  /// The two sets never share an image: the split is part of the random counter.
  package enum Split: Int, Sendable {
    case train = 0
    case test = 1
  }

  package let seed: UInt64
  package let split: Split

  package init(seed: UInt64, split: Split) {
    self.seed = seed
    self.split = split
  }

  /// The label of image `index`. Every ten consecutive images from a multiple of ten hold each digit once.
  ///
  /// - Precondition: `index` is in `0..<2^32`.
  package func label(_ index: Int) -> UInt8 {
    precondition(index >= 0 && index <= UInt32.max, "image index out of range")
    // An affine permutation of 0..<10: its factor has no divisor in common with ten.
    let bits = stream(index / 10).bits(Self.labelElement)
    let factor = [1, 3, 7, 9][Int(bits & 3)]
    let offset = Int(bits >> 8) % 10
    return UInt8((index % 10 * factor + offset) % 10)
  }

  /// Draws image `index` into 784 bytes, row by row; returns its label.
  ///
  /// - Precondition: `index` is in `0..<2^32` and `pixels` holds at least 784 bytes.
  package func draw(_ index: Int, into pixels: UnsafeMutableBufferPointer<UInt8>) -> UInt8 {
    precondition(pixels.count >= Self.side * Self.side, "an image needs 784 bytes")
    let label = label(index)
    var draws = Draws(stream(index))
    let family = GlyphFamily.pick(digit: Int(label), &draws)
    let manner = Manner.ofDigits[Int(label)]
    let pen = Pen(&draws, manner: manner)
    let hand = Hand(&draws, manner: manner)
    withUnsafeTemporaryAllocation(of: Point.self, capacity: GlyphFamily.maximumKnots) { knots in
      withUnsafeTemporaryAllocation(of: Point.self, capacity: Path.capacity) { points in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: Pen.sheetCount) { sheet in
          family.write(into: knots, &draws)
          hand.move(knots, count: family.count)
          var path = Path(points)
          for stroke in family.strokes { path.trace(knots, stroke: stroke) }
          path.fit(radius: pen.radius)
          pen.ink(path, on: sheet)
          pen.develop(sheet, &draws)
          pen.cut(sheet, into: pixels)
        }
      }
    }
    return label
  }

  private func stream(_ sample: Int) -> CounterRandom {
    CounterRandom(seed: seed, purpose: .syntheticDigit, time: split.rawValue, sample: sample)
  }

  /// Far beyond the elements that drawing the image with the same number uses.
  private static let labelElement = 1 << 20
}

extension SyntheticDigits {
  /// A point of a pen path, with a third number: how sharp a corner the pen turns there (0 smooth, 1 sharp).
  typealias Point = SIMD3<Float>

  /// One image's random numbers, read in order.
  struct Draws {
    private let random: CounterRandom
    private var element = 0
    private var block = SIMD4<UInt32>()

    init(_ random: CounterRandom) {
      self.random = random
    }

    mutating func bits() -> UInt32 {
      if element & 3 == 0 { block = random.block(element >> 2) }
      defer { element += 1 }
      return block[element & 3]
    }

    /// Uniform in [low, high).
    mutating func uniform(_ low: Float = 0, _ high: Float = 1) -> Float {
      low + (high - low) * CounterRandom.uniform(bits())
    }

    /// Nearly normal, mean 0, the standard deviation given, never beyond 3.46 of them: the sum of the four bytes of
    /// a word, which needs no logarithm or cosine.
    mutating func normal(_ deviation: Float) -> Float {
      let word = bits()
      let sum = (word & 255) + (word >> 8 & 255) + (word >> 16 & 255) + (word >> 24)
      return (Float(sum) - 510) * (deviation / 147.8)
    }
  }
}
