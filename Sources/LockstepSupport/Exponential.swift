/// 1/n! from n = 13 down to 0: with |r| <= ln 2 / 2 the term after them is under 2^-57 of the sum.
private let coefficients: [Double] = {
  let factorials = (1...13).reduce(into: [1.0]) { $0.append($0[$0.count - 1] * Double($1)) }
  return factorials.reversed().map { 1 / $0 }
}()

/// e^x for x <= 0, within two units in the last place: x = k ln 2 + r, and a polynomial in r. 0 below what a double can
/// hold, and for NaN. Not from a library, because the last bits of those differ between systems.
package func exponential(_ x: Double) -> Double {
  guard x > -746 else { return 0 }
  let k = (x * 0x1.71547652b82fep0).rounded()
  // ln 2 in two parts, of which the first times k is exact.
  let r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33
  var sum = 0.0
  for coefficient in coefficients { sum = sum * r + coefficient }
  return Double(sign: .plus, exponent: Int(k), significand: sum)
}

/// ln x for normal x above 0, within some units in the last place, for the same reason: x = 2^k m with m from sqrt 1/2
/// to sqrt 2, and 2 atanh((m - 1) / (m + 1)), whose series in s² <= 0.03 is cut after eleven terms.
package func logarithm(_ x: Double) -> Double {
  var (k, m) = (Double(x.exponent), x.significand)
  if m > 0x1.6a09e667f3bcdp0 { (k, m) = (k + 1, m / 2) }
  let s = (m - 1) / (m + 1)
  let z = s * s
  var sum = 0.0
  for n in stride(from: 21.0, through: 1, by: -2) { sum = sum * z + 1 / n }
  return k * 0x1.62e42fefa39efp-1 + 2 * s * sum
}
