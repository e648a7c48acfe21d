import Foundation
import LockstepCore
import Testing

@Suite struct SyntheticDigitsTests {
  static let size = SyntheticDigits.side * SyntheticDigits.side

  /// Images `range`, one after the other, and their labels.
  static func draw(
    _ range: Range<Int>, seed: UInt64, split: SyntheticDigits.Split = .train
  ) -> (pixels: [UInt8], labels: [UInt8]) {
    let digits = SyntheticDigits(seed: seed, split: split)
    // Not zeros: draw() must write every byte.
    var pixels = [UInt8](repeating: 0xAA, count: range.count * size)
    let labels = pixels.withUnsafeMutableBufferPointer { pixels in
      range.map { index in
        let start = (index - range.lowerBound) * size
        return digits.draw(index, into: UnsafeMutableBufferPointer(rebasing: pixels[start..<start + size]))
      }
    }
    return (pixels, labels)
  }

  /// FNV-1a, 64 bits.
  static func digest(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  /// The bytes are part of the numerical contract: a change of them changes the weights of every run on them.
  @Test func bytesAreThoseOfTheContract() {
    let (pixels, labels) = Self.draw(0..<1000, seed: 1)
    #expect(Self.digest(pixels) == 0x4b14_f965_783b_a588)
    #expect(Array(labels.prefix(20)) == [9, 2, 5, 8, 1, 4, 7, 0, 3, 6, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0])
    #expect(Self.digest(Self.draw(0..<1000, seed: 1, split: .test).pixels) == 0xfa6d_383d_d5b6_4b81)
  }

  @Test func imageDependsOnItsIndexOnly() {
    let (all, labels) = Self.draw(0..<40, seed: 7)
    for index in (0..<40).reversed() {
      let (one, label) = Self.draw(index..<index + 1, seed: 7)
      #expect(one == Array(all[index * Self.size..<(index + 1) * Self.size]))
      #expect(label == [labels[index]])
    }
  }

  @Test func everyTenImagesHoldEachDigitOnce() {
    let (_, labels) = Self.draw(0..<1000, seed: 3, split: .test)
    for start in stride(from: 0, to: 1000, by: 10) {
      #expect(labels[start..<start + 10].sorted() == Array(0..<10))
    }
    // No order that a model could learn: each place of the ten sees every digit.
    for place in 0..<10 {
      #expect(Set(stride(from: place, to: 1000, by: 10).map { labels[$0] }).count == 10)
    }
  }

  @Test func noImageIsDrawnTwice() {
    var seen: Set<[UInt8]> = []
    for (seed, split) in [(1, SyntheticDigits.Split.train), (1, .test), (2, .train), (1 << 32 | 1, .train)] {
      let (pixels, _) = Self.draw(0..<500, seed: UInt64(seed), split: split)
      for start in stride(from: 0, to: pixels.count, by: Self.size) {
        seen.insert(Array(pixels[start..<start + Self.size]))
      }
    }
    #expect(seen.count == 2000)
  }

  /// MNIST's conventions: white ink on black; it lies in a box of 20x20 pixels and nearly fills it in one direction;
  /// its centre of mass is within half a pixel of the middle of pixel (14, 14), or the box is at the image's edge.
  @Test func everyImageKeepsTheRulesOfMNIST() {
    let (pixels, _) = Self.draw(0..<5000, seed: 11)
    let offenders = (0..<5000).filter { image in
      !Self.keepsTheRules(pixels[image * Self.size..<(image + 1) * Self.size].map(Double.init))
    }
    #expect(offenders == [])
  }

  static func keepsTheRules(_ levels: [Double]) -> Bool {
    let side = SyntheticDigits.side
    let rows = (0..<side).map { row in (0..<side).reduce(0) { $0 + levels[row * side + $1] } }
    let columns = (0..<side).map { column in (0..<side).reduce(0) { $0 + levels[$1 * side + column] } }
    guard levels.max()! > 180 else { return false }
    var longest = 0
    for sums in [rows, columns] {
      let first = sums.firstIndex { $0 > 0 }!
      let last = sums.lastIndex { $0 > 0 }!
      longest = max(longest, last - first + 1)
      let centre = sums.indices.reduce(0) { $0 + Double($1) * sums[$1] } / sums.reduce(0, +)
      guard abs(centre - 14) < 0.501 || first <= 1 || last >= side - 2 else { return false }
    }
    return (18...20).contains(longest)
  }
}
