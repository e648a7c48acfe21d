/// Damages bytes the way that broken downloads, wrong tools and hostile files do; the same seed makes the same
/// damage. For fuzz targets: mutate a small valid input, and expect a value or an error, never a crash.
struct Mutator: RandomNumberGenerator {
  private var state: UInt64
  /// Tokens of the format that are worth inserting.
  private let dictionary: [[UInt8]]

  init(seed: UInt64, dictionary: [[UInt8]] = []) {
    state = seed
    self.dictionary = dictionary
  }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// The bytes with one to four edits. The result is at most 1 KiB longer.
  mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &self) { edit(&bytes) }
    return bytes
  }

  private mutating func edit(_ bytes: inout [UInt8]) {
    let at = position(in: bytes)
    switch Int.random(in: 0..<8, using: &self) {
    case 0 where at < bytes.count:
      bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &self)
    case 1 where at < bytes.count:
      bytes[at] = [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF].randomElement(using: &self)!
    case 2: overwrite(&bytes, at: at, with: interestingWord())
    case 3: bytes.removeSubrange(at...)
    case 4: bytes.insert(contentsOf: randomBytes(), at: at)
    case 5: bytes.removeSubrange(run(in: bytes, from: at))
    case 6: bytes.insert(contentsOf: bytes[run(in: bytes, from: at)], at: at)
    default: bytes.insert(contentsOf: dictionary.randomElement(using: &self) ?? [0], at: at)
    }
  }

  /// Half of the time within the first 32 bytes, where headers are.
  private mutating func position(in bytes: [UInt8]) -> Int {
    Int.random(in: 0...(Bool.random(using: &self) ? min(bytes.count, 32) : bytes.count), using: &self)
  }

  private mutating func run(in bytes: [UInt8], from start: Int) -> Range<Int> {
    start..<min(bytes.count, start + Int.random(in: 1...64, using: &self))
  }

  private mutating func randomBytes() -> [UInt8] {
    (0..<Int.random(in: 1...32, using: &self)).map { _ in UInt8(truncatingIfNeeded: next()) }
  }

  /// Sizes that overflow or nearly do, in either byte order and of four or eight bytes.
  private mutating func interestingWord() -> [UInt8] {
    let words: [UInt64] = [
      0, 1, 2, 3, 255, 1 << 16, 1 << 24, 1_000_000_000, 1 << 31, .max >> 32, .max >> 1, .max,
    ]
    var word = words.randomElement(using: &self)!
    if Bool.random(using: &self) { word = word.byteSwapped }
    let bytes = withUnsafeBytes(of: word) { Array($0) }
    return [Array(bytes.prefix(4)), Array(bytes.suffix(4)), bytes].randomElement(using: &self)!
  }

  private func overwrite(_ bytes: inout [UInt8], at start: Int, with word: [UInt8]) {
    for (i, byte) in word.enumerated() where start + i < bytes.count { bytes[start + i] = byte }
  }
}
