/// Counter-based random numbers: each is a pure function of (seed, purpose, epoch or step, sample, element), so
/// that no generator state exists that ranks or threads could share, split or lose.
///
/// The function is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
/// SC 2011). The seed is its 64-bit key; the counter is (element block, sample, epoch or step, purpose).
package struct CounterRandom: Sendable {
  /// Keeps the streams of different uses apart. The raw values are part of the numerical contract.
  package enum Purpose: UInt32, Sendable {
    case initialWeights = 1
    case epochOrder = 2
    case validationSplit = 3
    case dropout = 4
    case augmentation = 5
    case syntheticDigit = 6
    /// Which way a gradient is rounded: `time` is the step, `sample` the number of the micro-batch.
    case gradientRounding = 7
    /// `time` is 0 and 1 for the order of imported files, 2 + the class for their split.
    case importing = 8
    /// Which points of a grid of recipes are tried.
    case sweep = 9
    /// The partner of a sample and its part: `time` is the epoch.
    case mixup = 10
  }

  package let seed: UInt64
  package let purpose: Purpose
  /// The epoch, the step, or the number of a parameter tensor, depending on the purpose.
  package let time: UInt32
  /// The global index of the sample in its dataset.
  package let sample: UInt32

  package init(seed: UInt64, purpose: Purpose, time: Int = 0, sample: Int = 0) {
    self.seed = seed
    self.purpose = purpose
    self.time = UInt32(truncatingIfNeeded: time)
    self.sample = UInt32(truncatingIfNeeded: sample)
  }

  /// 128 random bits: elements 4 * block ..< 4 * block + 4 of the stream.
  package func block(_ block: Int) -> SIMD4<UInt32> {
    Self.philox(
      counter: SIMD4(UInt32(truncatingIfNeeded: block), sample, time, purpose.rawValue),
      key: SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)))
  }

  /// The 32 random bits of one element.
  package func bits(_ element: Int) -> UInt32 {
    block(element >> 2)[element & 3]
  }

  /// A Float in [0, 1): the top 24 bits of the element, every value equally likely.
  package func uniform(_ element: Int) -> Float {
    Self.uniform(bits(element))
  }

  /// The top 24 bits as a Float in [0, 1).
  package static func uniform(_ bits: UInt32) -> Float {
    Float(bits >> 8) * 0x1p-24
  }

  /// Philox4x32 with ten rounds.
  package static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var c = counter
    var k = key
    for _ in 0..<10 {
      let p0 = UInt64(c[0]) * 0xD251_1F53
      let p1 = UInt64(c[2]) * 0xCD9E_8D57
      c = SIMD4(
        UInt32(truncatingIfNeeded: p1 >> 32) ^ c[1] ^ k[0],
        UInt32(truncatingIfNeeded: p1),
        UInt32(truncatingIfNeeded: p0 >> 32) ^ c[3] ^ k[1],
        UInt32(truncatingIfNeeded: p0))
      k = SIMD2(k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85)
    }
    return c
  }
}
