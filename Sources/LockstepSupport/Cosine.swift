/// cos 2πt for 0 <= t <= 1/2, not from a library, because the last bits of those differ between systems: symmetry
/// reduces the argument to |x| <= π/4, then the Taylor series.
package func cosine(ofTurn t: Double) -> Double {
  let t = min(max(t, 0), 0.5)
  if t > 0.25 { return -cosine(ofTurn: 0.5 - t) }
  if t > 0.125 { return sine(0.25 - t) }
  let x = 2 * Double.pi * t
  return series(x * x, first: 1, from: 1)
}

/// sin 2πt for 0 <= t <= 1/8.
private func sine(_ t: Double) -> Double {
  let x = 2 * Double.pi * t
  return series(x * x, first: x, from: 2)
}

/// first · (1 - z/(n(n+1)) + z²/(n(n+1)(n+2)(n+3)) - ...), the Taylor series of cosine (n = 1) and sine (n = 2).
private func series(_ z: Double, first: Double, from n: Int) -> Double {
  var (sum, term) = (first, first)
  for k in stride(from: n, to: n + 18, by: 2) {
    term *= -z / Double(k * (k + 1))
    sum += term
  }
  return sum
}
