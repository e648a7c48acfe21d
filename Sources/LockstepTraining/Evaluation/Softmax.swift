/// The probabilities that a network gives the classes of a sample (Goodfellow, Bengio, Courville: Deep Learning,
/// 4.1), in double. One order of sums and an exponential of our own, because those of C libraries differ in the last
/// bit: equal logits give equal bits on every machine.
package enum Softmax {
  /// Writes `[classes]` probabilities for the logits, `[classes]`.
  package static func probabilities(
    of logits: UnsafeBufferPointer<Float>, into probabilities: UnsafeMutablePointer<Double>
  ) {
    var largest = -Float.infinity
    for logit in logits where logit > largest { largest = logit }
    var sum = 0.0
    for (index, logit) in logits.enumerated() {
      let value = exponential(Double(logit) - Double(largest))
      probabilities[index] = value
      sum += value
    }
    for index in logits.indices { probabilities[index] /= sum }
  }

  /// 1/n! from n = 13 down to 0: with |r| <= ln 2 / 2 the term after them is under 2^-57 of the sum.
  private static let coefficients: [Double] = {
    let factorials = (1...13).reduce(into: [1.0]) { $0.append($0[$0.count - 1] * Double($1)) }
    return factorials.reversed().map { 1 / $0 }
  }()

  /// e^x for x <= 0, within two units in the last place: x = k ln 2 + r, and a polynomial in r. 0 below what a double
  /// can hold, and for NaN.
  package static func exponential(_ x: Double) -> Double {
    guard x > -746 else { return 0 }
    let k = (x * 0x1.71547652b82fep0).rounded()
    // ln 2 in two parts, of which the first times k is exact.
    let r = (x - k * 0x1.62e42feep-1) - k * 0x1.a39ef35793c76p-33
    var sum = 0.0
    for coefficient in coefficients { sum = sum * r + coefficient }
    return Double(sign: .plus, exponent: Int(k), significand: sum)
  }
}
