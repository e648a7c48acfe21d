import LockstepCore
import Testing

/// Training that follows its validation loss: random labels, so that it soon rises.
@Suite struct KeepBestTests {
  private func train(
    ranks: Int = 1, _ change: (inout Recipe) -> Void
  ) throws -> (result: TrainingResult, recorder: Recorder) {
    var recipe = Recipe()
    (recipe.hidden, recipe.batchSize, recipe.validationSplit) = ([64], 16, 0.25)
    (recipe.epochs, recipe.schedule, recipe.learningRate) = (12, .constant, 0.1)
    change(&recipe)
    let data = try formulaDataset(samples: 80, features: 13, classes: 4, label: { $0 * $0 * 7 / 3 })
    let final = recipe
    let results = ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let recorder = Recorder()
      let trainer = try Trainer(
        recipe: final, dataset: data, collective: collective, team: try ThreadTeam(count: 1))
      return (try trainer.train(observer: recorder), recorder)
    }
    // Rank 0 hears, and the last one must have come to the same.
    return (try results.last!.get().0, try results[0].get().1)
  }

  @Test(arguments: [1, 3])
  func theBestEpochsWeightsAreKept(ranks: Int) throws {
    let (kept, recorder) = try train(ranks: ranks) { ($0.keepBest, $0.ema) = (true, 0.8) }
    let losses = recorder.epochs.map { $0.validation!.loss }
    let best = losses.firstIndex(of: losses.min()!)! + 1
    #expect(best < 12)
    let short = try train { ($0.epochs, $0.ema) = (best, 0.8) }.result
    #expect(kept.digest == short.digest)
    // And their average is that of the same epoch.
    #expect(kept.averaged == short.averaged && kept.averaged != nil)
    #expect(try kept.digest != train { $0.keepBest = false }.result.digest)
    #expect(kept.test == recorder.epochs[best - 1].test)
    let told: [(Int, Double)] = recorder.events.compactMap {
      if case .keptBest(let epoch, let loss) = $0 { (epoch, loss) } else { nil }
    }
    #expect(told.map(\.0) == [best] && told.map(\.1) == [losses.min()!])
  }

  @Test func patienceStops() throws {
    let (result, recorder) = try train { $0.patience = 2 }
    let losses = recorder.epochs.map { $0.validation!.loss }
    let best = losses.firstIndex(of: losses.min()!)! + 1
    #expect(losses.count == best + 2 && losses.count < 12)
    #expect(result.steps == 4 * losses.count)
    let told: [[Int]] = recorder.events.compactMap {
      if case .stoppedEarly(let epoch, let best) = $0 { [epoch, best] } else { nil }
    }
    #expect(told == [[best + 2, best]])
    #expect(try result.digest == train { $0.epochs = best + 2 }.result.digest)
  }

  /// Told once, of an epoch that the validation losses bear out.
  @Test func overfittingIsTold() throws {
    let recorder = try train { _ in }.recorder
    let told: [Int] = recorder.events.compactMap {
      if case .overfitting(let epoch) = $0 { epoch } else { nil }
    }
    try #require(told.count == 1)
    let losses = recorder.epochs.map { $0.validation!.loss }
    #expect(losses[told[0]] > losses[told[0] - 1] && losses[told[0] + 1] > losses[told[0] - 1])
  }
}
