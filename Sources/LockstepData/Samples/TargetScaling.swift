import LockstepSupport

/// How targets are scaled before a network learns them: t = (value - mean) / deviation, of each column. What a network
/// gives is scaled back.
public struct TargetScaling: Equatable, Sendable {
  /// [columns]
  public let means: [Double]
  /// [columns], above 0.
  public let deviations: [Double]
  public var columns: Int { means.count }

  /// nil unless there is a mean and a deviation above 0, of numbers that Float holds, for each of some columns.
  public init?(means: [Double], deviations: [Double]) {
    guard !means.isEmpty, means.count == deviations.count, means.allSatisfy({ abs($0) < 1e39 }),
      deviations.allSatisfy({ 1e-170...1e39 ~= $0 })
    else { return nil }
    (self.means, self.deviations) = (means, deviations)
  }

  /// Targets as they are.
  public static func none(columns: Int) -> TargetScaling {
    TargetScaling(
      unchecked: [Double](repeating: 0, count: columns), [Double](repeating: 1, count: columns))
  }

  /// The mean and deviation of each column of training targets; 1 for the deviation of targets that are all the same.
  public init(of targets: SampleTable) {
    let (means, variances) = targets.columnMoments(of: 0..<targets.count)
    self.init(
      unchecked: means,
      variances.map { variance in
        let deviation = variance.squareRoot()
        return deviation > 0 ? deviation : 1
      })
  }

  private init(unchecked means: [Double], _ deviations: [Double]) {
    (self.means, self.deviations) = (means, deviations)
  }

  /// A target as the network learns it.
  package func scaled(_ value: Double, _ column: Int) -> Double {
    (value - means[column]) / deviations[column]
  }

  /// What the network gives, in the unit of the targets.
  package func value(_ output: Float, _ column: Int) -> Double {
    Double(output) * deviations[column] + means[column]
  }

  /// "MEAN,DEVIATION,MEAN,DEVIATION,...", as files have it.
  public var text: String {
    zip(means, deviations).map { "\($0),\($1)" }.joined(separator: ",")
  }

  /// nil for what `text` does not give.
  public init?(text: String) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
    let known = numbers.compactMap { $0 }
    guard known.count == numbers.count, known.count.isMultiple(of: 2) else { return nil }
    self.init(
      means: stride(from: 0, to: known.count, by: 2).map { known[$0] },
      deviations: stride(from: 1, to: known.count, by: 2).map { known[$0] })
  }
}

extension SampleTable {
  /// The mean and variance of each column over samples, at least one, summed in their order as distances from the
  /// first, so that the mean of equal ones is exact.
  package func columnMoments(of samples: some Collection<Int>) -> (means: [Double], variances: [Double]) {
    let (first, count) = (targets(of: samples.first!), Double(samples.count))
    let columns = first.indices
    var sums = [Double](repeating: 0, count: first.count)
    for sample in samples { for column in columns { sums[column] += target(sample, column) - first[column] } }
    let means = columns.map { first[$0] + sums[$0] / count }
    var squares = [Double](repeating: 0, count: first.count)
    for sample in samples {
      for column in columns {
        let distance = target(sample, column) - means[column]
        squares[column] += distance * distance
      }
    }
    return (means, squares.map { $0 / count })
  }
}
