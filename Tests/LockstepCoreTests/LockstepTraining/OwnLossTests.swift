import LockstepCore
import Testing

/// Huber's loss (1964): squares of small errors, magnitudes of large ones.
private enum Huber: Loss {
  static let name = "huber"

  static func evaluate(_ outputs: [Float], _ target: LossTarget, gradient: inout [Float]) -> Double {
    var sum = 0.0
    for (place, value) in target.values.enumerated() {
      let error = outputs[place] - value
      sum += abs(error) <= 1 ? Double(error * error) / 2 : Double(abs(error)) - 0.5
      gradient[place] = max(-1, min(error, 1))
    }
    return sum
  }
}

/// The hinge loss of classes (Crammer and Singer 2001).
private enum Hinge: Loss {
  static let name = "hinge"
  static let isOfClasses = true

  static func evaluate(_ outputs: [Float], _ target: LossTarget, gradient: inout [Float]) -> Double {
    let others = outputs.indices.filter { $0 != target.label }
    guard let rival = others.max(by: { outputs[$0] < outputs[$1] }) else { return 0 }
    let loss = 1 - (outputs[target.label] - outputs[rival])
    guard loss > 0 else { return 0 }
    (gradient[target.label], gradient[rival]) = (-1, 1)
    return Double(loss)
  }
}

/// Losses of a user's own.
@Suite struct OwnLossTests {
  @Test func numbers() throws {
    try LossRegistry.register(Huber.self)
    try LossRegistry.register(Huber.self)
    let data = try RegressionTests.dataset(600)
    let digests = try [1, 2, 3, 7].map { ranks in
      try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
        let trainer = try Trainer(
          recipe: RegressionTests.recipe("huber"), dataset: data, collective: collective,
          team: ThreadTeam(count: 1 + collective.rank % 2))
        let result = try trainer.train()
        #expect(result.test.errors.map { $0.r2 > 0.9 } == true, "\(result.test)")
        return result
      }.map { try $0.get() }[0].digest
    }
    #expect(Set(digests).count == 1)
  }

  /// Accuracies are told, and the test's loss is the cross-entropy.
  @Test func classes() throws {
    try LossRegistry.register(Hinge.self)
    var recipe = Recipe()
    (recipe.loss, recipe.epochs, recipe.hidden) = ("hinge", 30, [32])
    let data = try formulaDataset(
      samples: 300, features: 8, classes: 3, pixel: { $0 % 3 * 60 + $1 * 3 }, label: { $0 })
    var last: EpochReport?
    _ = try Training(recipe, on: data).run { event in
      if case .epoch(let report) = event { last = report }
    }
    #expect(last?.trainAccuracy == 1 && last?.test.accuracy == 1 && last?.test.errors == nil)
  }

  @Test func namesAreTheirOwn() throws {
    enum Taken: Loss {
      static let name = "mse"
      static func evaluate(_: [Float], _: LossTarget, gradient: inout [Float]) -> Double { 0 }
    }
    enum NoWord: Loss {
      static let name = "my loss"
      static func evaluate(_: [Float], _: LossTarget, gradient: inout [Float]) -> Double { 0 }
    }
    let taken = #expect(throws: LockstepError.self) { try LossRegistry.register(Taken.self) }
    #expect(taken?.description.contains("'mse', which is another loss's") == true)
    #expect(throws: LockstepError.self) { try LossRegistry.register(NoWord.self) }
    var recipe = Recipe()
    recipe.loss = "unheard-of"
    let unknown = #expect(throws: LockstepError.self) { try recipe.check() }
    #expect(unknown?.description.contains("cross-entropy, mse, l1") == true)
  }
}
