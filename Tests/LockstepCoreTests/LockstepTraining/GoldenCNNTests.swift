import LockstepCore
import Testing

/// Ten steps of convolutional networks against PyTorch, one of all layers by Adam, one of residual blocks and batch
/// normalization: see Tests/Golden/cnn_steps.py, which has
/// random numbers, order, schedule and initial weights of its own.
@Suite struct GoldenCNNTests {
  struct File: Decodable {
    let samples: Int
    let side: Int
    let classes: Int
    let steps: Int
    let runs: [Run]
  }

  struct Run: Decodable {
    let config: [String: String]
    let losses: [Double]
    /// Of every tensor that is saved, running means and variances too.
    let final: [String: [Double]]
  }

  @Test(arguments: [1, 3], Reduction.allCases)
  func lossesAndWeightsAreClose(ranks: Int, reduction: Reduction) throws {
    let golden: File = try Golden.load("cnn_steps.json")
    for run in golden.runs { try check(run, of: golden, ranks: ranks, reduction) }
  }

  private func check(_ run: Run, of golden: File, ranks: Int, _ reduction: Reduction) throws {
    let results = ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let side = golden.side
      let dataset = try formulaDataset(
        samples: golden.samples, shape: [side, side], classes: golden.classes,
        pixel: { sample, feature in
          let (row, column) = (feature / side, feature % side)
          return sample % 4 * 60 * (row + column) / 8 + sample * feature * 5 + row * column * 3
        }, label: { $0 })
      var recipe = Recipe()
      for (key, value) in run.config { try recipe.set(key, to: value, subject: key) }
      (recipe.maxSteps, recipe.reduction) = (golden.steps, reduction)
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset, collective: collective, team: try ThreadTeam(count: 2))
      let recorder = Recorder()
      _ = try trainer.train(observer: recorder)
      return (trainer, recorder.steps.map(\.loss))
    }
    let (trainer, losses) = try results[0].get()
    // Each of exact16's gradients is rounded to 13 bits, which shows where biases have moved little from 0.
    let tolerance = reduction == .exact16 ? 7e-2 : 1e-5
    #expect(relativeError(losses, run.losses) <= tolerance)
    #expect(Set(trainer.network.savedTensors.map(\.name)) == Set(run.final.keys))
    for tensor in trainer.network.savedTensors {
      let values = trainer.parameters.values(of: tensor).map(Double.init)
      #expect(relativeError(values, run.final[tensor.name]!) <= tolerance, "\(tensor.name)")
    }
  }
}
