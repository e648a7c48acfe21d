import Foundation
import LockstepCore
import Testing

@Suite struct ExponentialTests {
  /// Against the C library's, over all of its range.
  @Test func theExponentialIsExactToTwoUnits() {
    for x in stride(from: -745.0, through: 0, by: 0.01171875) + [-1e-300, -0x1p-60, -708.4, -710] {
      let (found, expected) = (exponential(x), exp(x))
      #expect(abs(found - expected) <= 2 * expected.ulp, "\(x): \(found), \(expected)")
    }
    #expect(exponential(0) == 1 && exponential(-0.0) == 1)
    #expect(exponential(-746) == 0 && exponential(-.infinity) == 0)
  }

  /// The same of all exponents, and close to 1, where the logarithm is small.
  @Test func theLogarithmIsExactToSomeUnits() {
    for exponent in stride(from: -1022, through: 1023, by: 31) {
      for significand in [1, 1.2, 1.4142, 1.4143, 1.9999999] {
        let x = Double(sign: .plus, exponent: exponent, significand: significand)
        #expect(abs(logarithm(x) - log(x)) <= 4 * log(x).ulp, "\(x)")
      }
    }
    for distance in [1e-15, 1e-9, 1e-4, 0.1] {
      for x in [1 - distance, 1 + distance] {
        #expect(abs(logarithm(x) - log(x)) <= 4 * log(x).ulp, "\(x)")
      }
    }
    #expect(logarithm(1) == 0)
  }
}
