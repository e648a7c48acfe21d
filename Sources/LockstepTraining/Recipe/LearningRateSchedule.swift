import LockstepSupport

/// The learning rate as a function of the step.
package struct Schedule: Equatable, Sendable {
  package enum Shape: Equatable, Sendable {
    case constant
    /// Multiplied by `gamma` at the start of each of these epochs (counted from 0: milestone 3 is after three epochs),
    /// as torch.optim.lr_scheduler.MultiStepLR.
    case step(milestones: [Int], gamma: Double)
    /// Half a cosine from the base rate down to 0 over all steps after the warmup (Loshchilov and Hutter 2017, SGDR,
    /// without restarts).
    case cosine
    /// From 1/25 of the base rate up to it over the part `rise` of the steps, then down to 1/10,000 of where it began,
    /// each along half a cosine (Smith and Topin 2019), as torch.optim.lr_scheduler.OneCycleLR, which changes the
    /// momentum too unless it is told not to.
    case oneCycle(rise: Double)
  }

  package var base: Double
  package var shape: Shape
  /// Steps over which the rate first rises linearly to the schedule's (Goyal et al. 2017).
  package var warmupSteps: Int
  /// The steps of the whole training, at whose end the cosine reaches 0.
  package var totalSteps: Int

  package init(base: Double, shape: Shape = .constant, warmupSteps: Int = 0, totalSteps: Int = 0) {
    self.base = base
    self.shape = shape
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
  }

  /// The rate of the step with number `step` since the start of training, in epoch `epoch` (both from 0).
  package func learningRate(step: Int, epoch: Int) -> Double {
    if step < warmupSteps {
      return rate(step: warmupSteps, epoch: epoch) * Double(step + 1) / Double(warmupSteps)
    }
    return rate(step: step, epoch: epoch)
  }

  private func rate(step: Int, epoch: Int) -> Double {
    switch shape {
    case .constant: base
    case .step(let milestones, let gamma):
      milestones.reduce(base) { epoch >= $1 ? $0 * gamma : $0 }
    case .cosine:
      base * 0.5
        * (1 + cosine(ofTurn: Double(step - warmupSteps) / Double(max(totalSteps - warmupSteps, 1)) / 2))
    case .oneCycle(let rise): oneCycle(step: step, top: max(rise * Double(totalSteps) - 1, 0))
    }
  }

  /// `top` is the step, not necessarily whole, with the base rate.
  private func oneCycle(step: Int, top: Double) -> Double {
    let (step, last, low) = (Double(step), Double(totalSteps - 1), base / 25)
    func between(_ start: Double, _ end: Double, _ part: Double) -> Double {
      end + (start - end) / 2 * (1 + cosine(ofTurn: min(max(part, 0), 1) / 2))
    }
    return step < top
      ? between(low, base, step / top) : between(base, low / 10_000, (step - top) / max(last - top, 1e-9))
  }
}

extension Recipe {
  /// The optimization in a few words: "sgd, lr 0.02, momentum 0.9, constant".
  var optimization: String {
    let momentum =
      hasMomentum && momentum > 0 ? [(nesterov ? "nesterov " : "momentum ") + "\(momentum)"] : []
    let decay = weightDecay > 0 ? ["weight decay \(weightDecay)"] : []
    let warmup = warmupSteps > 0 && schedule != .onecycle ? ["\(warmupSteps) steps of warmup"] : []
    let shape =
      switch schedule {
      case .constant: "constant"
      case .cosine: "cosine"
      case .onecycle: "one cycle"
      case .step: "times \(gamma) at epochs \(milestones.map(String.init).joined(separator: " and "))"
      }
    return ([optimizer.rawValue, "lr \(scaledLearningRate)"] + momentum + decay + warmup + [shape])
      .joined(separator: ", ")
  }
}
