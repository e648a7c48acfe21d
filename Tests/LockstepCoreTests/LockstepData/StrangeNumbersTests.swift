import LockstepCore
import Testing

/// Finite numbers that normalisation makes nothing of.
@Suite struct StrangeNumbersTests {
  private func bytes(_ values: [Double]) -> [UInt8] {
    values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
  }

  /// 100 training images of 4 x 5, and 10 to test with, of ordinary numbers but for what `change` does to them.
  private func warnings(
    _ change: (Double, Int) -> Double, test: (Double, Int) -> Double = { value, _ in value }
  )
    throws -> [String]
  {
    func split(_ count: Int, _ change: (Double, Int) -> Double) throws -> Split {
      let values = (0..<count * 20).map { change(Double($0 * 37 % 101) / 100, $0) }
      return Split(
        images: try SampleTable(count: count, shape: [4, 5], element: .float64, copying: bytes(values)),
        labels: (0..<count).map { Int32($0 % 10) })
    }
    return try Dataset(train: split(100, change), test: split(10, test), name: "d").warnings()
  }

  @Test func ordinaryNumbers() throws {
    #expect(try warnings { value, _ in value } == [])
    #expect(try warnings({ value, _ in value * 255 }, test: { value, _ in value * 255 }) == [])
    #expect(try warnings({ value, _ in value + 1000 }, test: { value, _ in value + 1000 }) == [])
    // Nearly all is 0.
    #expect(try warnings { value, index in index % 20 == 0 ? value : 0 } == [])
  }

  @Test func oneIsFarOff() throws {
    let train = try warnings { value, index in index == 47 ? 1e20 : value }
    #expect(
      train.count == 1 && train[0].contains("1e+20 in training image 2 (counted from 0), row 1, column 2"))
    let test = try warnings({ value, _ in value }, test: { value, index in index == 20 ? -1e30 : value })
    #expect(test.count == 1 && test[0].contains("-1e+30 in test image 1 (counted from 0), row 0, column 0"))
    #expect(test[0].contains("more than a million deviations"))
  }

  @Test(arguments: [1e-41, 1e-170, 1e-300]) func noScaleFits(unit: Double) throws {
    let found = try warnings({ value, _ in value * unit }, test: { value, _ in value * unit })
    #expect(found.count == 1 && found[0].contains("no scale in Float fits that"))
  }

  @Test func farFromZero() throws {
    let found = try warnings({ value, _ in value + 1e6 }, test: { value, _ in value + 1e6 })
    #expect(found.count == 1 && found[0].contains("Subtract the mean"))
  }

  @Test func allAlike() throws {
    let number = try warnings({ _, _ in 0.5 }, test: { _, _ in 0.5 })
    #expect(
      number == [
        "d: all 100 training images are alike: every number is 0.5. There is nothing to learn from them"
      ])
    let image = try warnings { _, index in Double(index % 20) }
    #expect(image == ["d: all 100 training images are alike. There is nothing to learn from them"])
  }
}
