/// The grid on which sums are exact, whatever their order.
package enum ExactGrid {
  /// The nearest multiple of 2^-42, ties to even, for |x| < 2^9: adding 1.5 * 2^52 * 2^-42 leaves no room for lower
  /// bits.
  package static func rounded(_ x: Double) -> Double { (x + 0x1.8p10) - 0x1.8p10 }
}
