import LockstepCore
import Testing

/// Ten steps of shipped recipes against PyTorch, read from their files here and there, with dropout, batch
/// normalization and its running statistics: see Tests/Golden/recipe_steps.py.
@Suite struct GoldenRecipeTests {
  struct File: Decodable {
    let classes: Int
    let steps: Int
    let folds: Int
    let runs: [Run]
  }

  struct Run: Decodable {
    let recipe: String
    /// Layers in place of others.
    let replace: [String: String]
    let shape: [Int]
    let samples: Int
    /// How near float32 comes, PyTorch's too.
    let tolerance: Double
    /// Smaller batches, no augmentation.
    let changes: [String: String]
    let losses: [Double]
    /// Of every tensor that is saved, by its name: the sums of its folds, and its norm.
    let final: [String: [Double]]
  }

  @Test(arguments: [1, 3], [Reduction.exact, .fast, .exact32])
  func lossesAndWeightsAreClose(ranks: Int, reduction: Reduction) throws {
    let golden: File = try Golden.load("recipe_steps.json")
    for run in golden.runs { try check(run, of: golden, ranks: ranks, reduction) }
  }

  private func check(_ run: Run, of golden: File, ranks: Int, _ reduction: Reduction) throws {
    let results = ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let dataset = try formulaDataset(
        samples: run.samples, shape: run.shape, classes: golden.classes,
        pixel: { sample, feature in
          let noise = (sample * 7919 + feature * 104_729 + sample * feature * 31) % 1009 % 120
          let label = sample % golden.classes
          return noise + 120 * ((feature + label * 5) / (4 + label) % 2)
        }, label: { $0 })
      var recipe = Recipe()
      try recipe.apply(run.recipe)
      for (layer, other) in run.replace {
        let text = LayerSpecification.text(of: recipe.network).replacing(layer, with: other)
        try recipe.set("network", to: text, subject: "network")
      }
      for (key, value) in run.changes { try recipe.set(key, to: value, subject: key) }
      (recipe.maxSteps, recipe.reduction) = (golden.steps, reduction)
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset, collective: collective, team: try ThreadTeam(count: 2))
      let recorder = Recorder()
      _ = try trainer.train(observer: recorder)
      return (trainer, recorder.steps.map(\.loss))
    }
    let (trainer, losses) = try results[0].get()
    // AdamW makes steps of one length of small gradients and large ones, and exact32's grid is coarse for the small.
    let coarse = reduction == .exact32 && run.recipe == "mnist-best"
    let tolerance = coarse ? 1e-3 : run.tolerance
    #expect(relativeError(losses, run.losses) <= tolerance, "\(run.recipe)")
    #expect(Set(trainer.network.savedTensors.map(\.name)) == Set(run.final.keys))
    for tensor in trainer.network.savedTensors {
      let found = summary(of: trainer.parameters.values(of: tensor).map(Double.init), folds: golden.folds)
      let error = relativeError(found, run.final[tensor.name]!)
      #expect(error <= tolerance, "\(run.recipe): \(tensor.name)")
    }
  }

  private func summary(of values: [Double], folds: Int) -> [Double] {
    var sums = Array(repeating: 0.0, count: folds)
    for (index, value) in values.enumerated() { sums[index % folds] += value }
    return sums + [values.map { $0 * $0 }.reduce(0, +).squareRoot()]
  }
}
