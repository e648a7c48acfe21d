import LockstepData
import LockstepNetwork
import LockstepSupport

/// How far a network's numbers are from the targets, in the targets' unit.
public struct RegressionErrors: Equatable, Sendable {
  /// Those of one column.
  public struct Column: Equatable, Sendable {
    /// The mean magnitude of the error.
    public var meanAbsolute: Double
    /// The square root of the mean of its square.
    public var rootMeanSquare: Double
    /// The coefficient of determination, 1 - (sum of squared errors) / (sum of squared deviations from the mean of
    /// these targets). Of targets that are all the same 1 without errors, else 0, as scikit-learn's r2_score.
    public var r2: Double

    package init(meanAbsolute: Double, rootMeanSquare: Double, r2: Double) {
      (self.meanAbsolute, self.rootMeanSquare, self.r2) = (meanAbsolute, rootMeanSquare, r2)
    }
  }

  /// [columns]
  public var columns: [Column]

  package init(columns: [Column]) { self.columns = columns }

  /// The means over the columns, each of the same weight.
  public var mean: Column {
    Column(
      meanAbsolute: mean(\.meanAbsolute), rootMeanSquare: mean(\.rootMeanSquare), r2: mean(\.r2))
  }
  public var meanAbsolute: Double { mean(\.meanAbsolute) }
  public var rootMeanSquare: Double { mean(\.rootMeanSquare) }
  public var r2: Double { mean(\.r2) }

  /// The mean of errors to the first or second power, over samples and columns.
  func mean(power: Int) -> Double {
    power == 1 ? meanAbsolute : mean { $0.rootMeanSquare * $0.rootMeanSquare }
  }

  private func mean(_ figure: (Column) -> Double) -> Double {
    columns.reduce(0) { $0 + figure($1) } / Double(columns.count)
  }
}

/// Sums of errors over some samples, of scaled numbers, each in slices so that ranks add them in any order.
struct ErrorSums {
  /// For each column the sum of magnitudes and that of squares.
  static func count(_ columns: Int) -> Int { 2 * SlicedSum.count * columns }

  /// Adds a sample's errors.
  static func add(
    _ outputs: UnsafeBufferPointer<Float>, _ sample: Int, of targets: SampleTable, _ scaling: TargetScaling,
    to sums: UnsafeMutablePointer<Double>
  ) {
    for (column, output) in outputs.enumerated() {
      let error = Double(output) - scaling.scaled(targets.target(sample, column), column)
      let own = sums + 2 * SlicedSum.count * column
      SlicedSum.add(abs(error), to: own)
      SlicedSum.add(error * error, to: own + SlicedSum.count)
    }
  }

  /// The errors, of all ranks' sums over the samples that `indices` picks; nil for all.
  static func errors(
    _ sums: UnsafePointer<Double>, of targets: SampleTable, indices: [Int]?, _ scaling: TargetScaling
  ) -> RegressionErrors {
    let count = Double(indices?.count ?? targets.count)
    let variances =
      (indices.map { targets.columnMoments(of: $0) } ?? targets.columnMoments(of: 0..<targets.count))
      .variances
    return RegressionErrors(
      columns: (0..<scaling.columns).map { column in
        let (own, deviation) = (sums + 2 * SlicedSum.count * column, scaling.deviations[column])
        let (magnitude, square) = (
          SlicedSum.value(own) / count, SlicedSum.value(own + SlicedSum.count) / count
        )
        let variance = variances[column] / (deviation * deviation)
        return RegressionErrors.Column(
          meanAbsolute: magnitude * deviation, rootMeanSquare: square.squareRoot() * deviation,
          r2: variance > 0 ? 1 - square / variance : square == 0 ? 1 : 0)
      })
  }
}
