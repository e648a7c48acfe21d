import LockstepCore
import Testing

/// Ten steps of Adam on a convolutional network of all layers against PyTorch: see Tests/Golden/cnn_steps.py, which has
/// random numbers, order, schedule and initial weights of its own.
@Suite struct GoldenCNNTests {
  struct File: Decodable {
    let samples: Int
    let side: Int
    let classes: Int
    let steps: Int
    let config: [String: String]
    let losses: [Double]
    let final: [String: [Double]]
  }

  @Test(arguments: [1, 3], Reduction.allCases)
  func lossesAndWeightsAreClose(ranks: Int, reduction: Reduction) throws {
    let golden: File = try Golden.load("cnn_steps.json")
    let results = ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let side = golden.side
      let dataset = try formulaDataset(
        samples: golden.samples, shape: [side, side], classes: golden.classes,
        pixel: { sample, feature in
          let (row, column) = (feature / side, feature % side)
          return sample % 4 * 60 * (row + column) / 8 + sample * feature * 5 + row * column * 3
        }, label: { $0 })
      var recipe = Recipe()
      for (key, value) in golden.config { try recipe.set(key, to: value, subject: key) }
      (recipe.maxSteps, recipe.reduction) = (golden.steps, reduction)
      let trainer = try Trainer(
        recipe: recipe, dataset: dataset, collective: collective, team: try ThreadTeam(count: 2))
      let recorder = Recorder()
      _ = try trainer.train(observer: recorder)
      return (trainer, recorder.steps.map(\.loss))
    }
    let (trainer, losses) = try results[0].get()
    // Each of exact16's gradients is rounded to 13 bits.
    let tolerance = reduction == .exact16 ? 2e-2 : 1e-5
    #expect(relativeError(losses, golden.losses) <= tolerance)
    #expect(Set(trainer.network.tensors.map(\.name)) == Set(golden.final.keys))
    for tensor in trainer.network.tensors {
      let values = trainer.parameters.values(of: tensor).map(Double.init)
      #expect(relativeError(values, golden.final[tensor.name]!) <= tolerance, "\(tensor.name)")
    }
  }
}
