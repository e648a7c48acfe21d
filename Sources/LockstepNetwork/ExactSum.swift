/// Sums of doubles that are the same in any order: each term is cut into slices of 28 bits at fixed places, and those
/// of one place are added apart (Kulisch's accumulator, in doubles). Up to 2^25 terms, of any number of ranks, each sum
/// of slices is a whole number of 53 bits.
package enum SlicedSum {
  private static let bits = 28
  /// Slices for terms of any magnitude, of which the first counts multiples of 2^`lowest`.
  package static let count = 73
  package static let lowest = -1008

  /// Adds a term to `count` slices from 2^`lowest` on: what is below them is left out, and what is beyond them counts
  /// as infinite. A NaN stays one.
  package static func add(
    _ term: Double, to slices: UnsafeMutablePointer<Double>, count: Int = count, lowest: Int = lowest
  ) {
    guard term.isFinite, term != 0 else { return slices[count - 1] += term }
    var place = max(Int(term.exponent) - lowest, 0) / bits
    guard place < count else { return slices[count - 1] += term > 0 ? .infinity : -.infinity }
    var rest = term
    while place >= 0, rest != 0 {
      let unit = Double(sign: .plus, exponent: lowest + bits * place, significand: 1)
      let slice = (rest / unit).rounded(.towardZero) * unit
      slices[place] += slice
      rest -= slice
      place -= 1
    }
  }

  /// The sum, from the largest slice on.
  package static func value(_ slices: UnsafePointer<Double>, count: Int = count) -> Double {
    (0..<count).reversed().reduce(0) { $0 + slices[$1] }
  }
}

/// A sum of a step's losses: those on `ExactGrid`, and others of magnitudes from 2^-144 to 2^80, in slices.
package struct ExactSum: Equatable, Sendable {
  package var onGrid = 0.0
  private var slices = SIMD8<Double>()
  private static let lowest = -144

  package init(onGrid: Double = 0) { self.onGrid = onGrid }

  package static let valueCount = 9

  /// As stored in a buffer.
  package init(values: some Collection<Double>) {
    let values = Array(values)
    onGrid = values[0]
    for place in 0..<8 { slices[place] = values[1 + place] }
  }

  package var values: [Double] { [onGrid] + (0..<8).map { slices[$0] } }
  package var value: Double { (0..<8).reversed().reduce(0) { $0 + slices[$1] } + onGrid }

  /// Adds a term that is on no grid.
  package mutating func add(_ term: Double) {
    withUnsafeMutablePointer(to: &slices) { slices in
      slices.withMemoryRebound(to: Double.self, capacity: 8) {
        SlicedSum.add(term, to: $0, count: 8, lowest: Self.lowest)
      }
    }
  }

  package static func + (a: ExactSum, b: ExactSum) -> ExactSum {
    var sum = ExactSum(onGrid: a.onGrid + b.onGrid)
    sum.slices = a.slices + b.slices
    return sum
  }
}
