import LockstepCore
import Testing

@Suite struct FixedDecimalTests {
  @Test(arguments: [
    (0, 0, "0"), (0, 2, "0.00"), (1.5, 0, "2"), (2.5, 0, "2"), (0.125, 2, "0.12"), (0.375, 2, "0.38"),
    (3.14159, 3, "3.142"), (0.05, 1, "0.1"), (0.04, 1, "0.0"), (1.115, 2, "1.11"), (0.285, 2, "0.28"),
    (9.999, 2, "10.00"), (-1.25, 1, "-1.2"),
    (-0.001, 2, "0.00"), (123456.789, 1, "123456.8"), (1e-300, 4, "0.0000"), (97.81, 2, "97.81"),
    (99_999_999_999.5, 4, "99999999999.5000"), (9.9e14, 4, "990000000000000.0000"),
  ])
  func isRounded(x: Double, decimals: Int, expected: String) {
    #expect(fixed(x, decimals) == expected)
  }

  /// Losses of runs that diverge: printed as they are, and no trap.
  @Test(arguments: [1e16, 1e18, 1e19, 1e300, -1e19, .infinity, -.infinity, .nan])
  func numbersTooLargeForDecimals(x: Double) {
    #expect(fixed(x, 4) == "\(x)")
  }

  @Test(arguments: [(0.02, "0.02"), (0.0123456, "0.0123"), (1.5e-6, "1.5e-06"), (0, "0"), (1234, "1.23e+03")])
  func threeDigits(x: Double, expected: String) { #expect(significant(x) == expected) }

  @Test func percentages() {
    #expect(percent(0.9781) == "97.81%")
    #expect(percent(1) == "100.00%")
    #expect(percent(.nan) == "nan%")
  }
}
