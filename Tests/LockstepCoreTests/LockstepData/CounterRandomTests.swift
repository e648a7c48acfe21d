import LockstepCore
import Testing

@Suite struct CounterRandomTests {
  /// The known answers for philox4x32-10 of Random123 (tests/kat_vectors).
  @Test(arguments: [
    (
      SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
      SIMD4<UInt32>(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8)
    ),
    (
      SIMD4(repeating: UInt32.max), SIMD2(repeating: UInt32.max),
      SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD)
    ),
    (
      SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), SIMD2(0xA409_3822, 0x299F_31D0),
      SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1)
    ),
  ])
  func knownAnswers(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, expected: SIMD4<UInt32>) {
    #expect(CounterRandom.philox(counter: counter, key: key) == expected)
  }

  @Test func counterIsBlockSampleTimePurpose() {
    let random = CounterRandom(seed: 0x0123_4567_89AB_CDEF, purpose: .dropout, time: 7, sample: 5)
    let block = CounterRandom.philox(counter: SIMD4(3, 5, 7, 4), key: SIMD2(0x89AB_CDEF, 0x0123_4567))
    #expect(random.block(3) == block)
    #expect((12..<16).map(random.bits) == (0..<4).map { block[$0] })
  }

  @Test func uniformIsTheTop24Bits() {
    #expect(CounterRandom.uniform(0) == 0)
    #expect(CounterRandom.uniform(0xFF) == 0)
    #expect(CounterRandom.uniform(0x100) == 0x1p-24)
    #expect(CounterRandom.uniform(.max) == 1 - 0x1p-24)
  }

  /// The mean of n uniform numbers deviates by 1 / sqrt(12 n): 0.0009 here. So does their square's, by less.
  @Test func uniformHasTheRightMoments() {
    let random = CounterRandom(seed: 1, purpose: .augmentation)
    let values = (0..<100_000).map { Double(random.uniform($0)) }
    #expect(values.allSatisfy { (0..<1).contains($0) })
    #expect(abs(values.reduce(0, +) / 100_000 - 0.5) < 0.004)
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 100_000 - 1 / 3.0) < 0.004)
  }
}
