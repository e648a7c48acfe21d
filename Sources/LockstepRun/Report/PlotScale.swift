import LockstepSupport
import PlatformC

/// Places values on an axis: from 0, the lower end, to 1.
package struct PlotScale: Equatable {
  package let low: Double
  package let high: Double
  package let isLogarithmic: Bool

  /// An axis for these values; logarithmic, if that is allowed, where all are positive and far apart.
  package init(_ values: [Double], mayBeLogarithmic: Bool = false) {
    let (least, most) = (values.min() ?? 0, values.max() ?? 1)
    isLogarithmic = mayBeLogarithmic && least > 0 && most / least > 30
    // Nothing is at 0 or infinitely large, where all values are equal.
    let margin = most > least ? 0 : max(abs(most) / 2, .leastNormalMagnitude)
    (low, high) = (least - margin, most + margin)
  }

  package func place(_ value: Double) -> Double {
    let place =
      isLogarithmic ? (log(value) - log(low)) / (log(high) - log(low)) : (value - low) / (high - low)
    return place.isFinite ? min(max(place, 0), 1) : 0.5
  }

  /// Round values on the axis, some five of them.
  package var ticks: [Double] {
    if isLogarithmic {
      let powers = Int(log10(low).rounded(.down))...Int(log10(high).rounded(.up))
      let steps: [Double] = powers.count > 4 ? [1] : powers.count > 2 ? [1, 3] : [1, 2, 5]
      return stride(from: powers.lowerBound, through: powers.upperBound, by: powers.count / 8 + 1)
        .flatMap { power in steps.map { $0 * pow(10, Double(power)) } }.filter { low...high ~= $0 }
    }
    let raw = (high - low) / 4
    guard raw > 0, raw.isFinite else { return [low] }
    let unit = pow(10, log10(raw).rounded(.down))
    let step = unit * ([1, 2, 5].first { $0 * unit >= raw } ?? 10)
    let numbers = (low / step).rounded(.up)...(high / step).rounded(.down)
    guard abs(numbers.lowerBound) < 1e15, numbers.upperBound - numbers.lowerBound < 20 else { return [low] }
    return stride(from: numbers.lowerBound, through: numbers.upperBound, by: 1).map { $0 * step }
  }
}
