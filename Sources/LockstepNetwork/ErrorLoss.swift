import LockstepData
import LockstepSupport

/// The mean over a row's numbers of the error's square (torch.nn.MSELoss) or magnitude (torch.nn.L1Loss), `[rows,
/// columns] -> a sum`. The gradient is that of scaled targets; the loss is told in the unit of the data.
final class ErrorLoss: BatchLoss {
  private let isSquared: Bool
  private let losses: AlignedBuffer<Double>
  /// How much a column's scaled errors are in the data's unit, of the one where they are most: [columns]
  private let shares: [Double]
  let unit: Double
  var power: Int? { isSquared ? 2 : 1 }

  init(isSquared: Bool, capacity: Int, scaling: TargetScaling) {
    self.isSquared = isSquared
    losses = AlignedBuffer(count: capacity, zero: 0)
    let most = scaling.deviations.max() ?? 1
    shares = scaling.deviations.map { isSquared ? ($0 / most) * ($0 / most) : $0 / most }
    unit = isSquared ? most * most : most
  }

  func evaluate(
    _ rows: Range<Int>, outputs: Activations, targets: BatchTargets, divisor: Double, gradient: Activations?
  ) {
    let columns = shares.count
    let step = Float((isSquared ? 2 : 1) / (Double(columns) * divisor))
    for row in rows {
      let (found, wanted) = (outputs.row(row), targets.values + row * columns)
      var sum = 0.0
      for column in 0..<columns {
        let error = found[column] - wanted[column]
        sum += shares[column] * (isSquared ? Double(error) * Double(error) : Double(abs(error)))
        gradient?.row(row)[column] = isSquared ? error * step : error == 0 ? 0 : error < 0 ? -step : step
      }
      if let gradient { (gradient.row(row) + columns).update(repeating: 0, count: gradient.stride - columns) }
      losses.pointer[row] = sum / Double(columns)
    }
  }

  func total(rows: Int, divisor: Double) -> LossSum {
    var sum = LossSum()
    for row in 0..<rows { sum.loss.add(losses.pointer[row] / divisor) }
    return sum
  }
}
