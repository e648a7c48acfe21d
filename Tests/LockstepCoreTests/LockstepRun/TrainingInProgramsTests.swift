import LockstepCore
import Testing

/// Trainings in a program of a user's own.
@Suite struct TrainingInProgramsTests {
  private let directory: TemporaryDirectory
  private let data: Dataset
  private let recipe: Recipe
  /// The digest of a training that nothing disturbs.
  private let whole: UInt64

  init() throws {
    directory = try TemporaryDirectory()
    data = try formulaDataset(samples: 150, features: 13, classes: 4)
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize) = ([20], 4, 16)
    self.recipe = recipe
    whole = try Training(recipe, on: data).run().parameters.digest
  }

  private var output: String { directory.path + "/run" }

  @Test func isWhatATrainerDoes() throws {
    let result = try Trainer(
      recipe: recipe, dataset: data, collective: SingleProcess(), team: ThreadTeam(count: 1)
    ).train()
    #expect(result.digest == whole)
  }

  @Test func tellsWhatHappens() throws {
    var (starts, steps, epochs, ends) = (0, 0, 0, [UInt64]())
    let model = try Training(recipe, on: data).run { event in
      switch event {
      case .start: starts += 1
      case .step: steps += 1
      case .epoch: epochs += 1
      case .end(let result): ends.append(result.digest)
      default: break
      }
    }
    #expect(starts == 1 && steps == 40 && epochs == 4 && ends == [model.parameters.digest])
  }

  private struct Enough: Error {}

  @Test func endsByWhatIsThrown() throws {
    var steps = 0
    #expect(throws: Enough.self) {
      _ = try Training(recipe, on: data).run { event in
        if case .step = event { steps += 1 }
        if steps == 7 { throw Enough() }
      }
    }
    #expect(steps == 7)
  }

  /// On ranks, where rank 0 alone hears of events, and without files.
  @Test(arguments: [[0], [0, 0], [0, 0, 1], [0, 1, 1, 1, 2, 2, 2]]) func stopsAfterTheStep(nodes: [Int])
    throws
  {
    let digests = try ThreadedCollective.run(nodes: nodes) { [recipe, data] collective in
      let training = Training(recipe, on: data)
      var last = 0
      let model = try training.run(on: collective) { event in
        if case .step(let step) = event {
          last = step.step
          if step.step == 12 { training.stop() }
        }
      }
      if collective.rank == 0 { #expect(last == 13 && training.isStopped) }
      return model.parameters.digest
    }.map { try $0.get() }
    var short = recipe
    short.maxSteps = 13
    #expect(Set(digests) == [try Training(short, on: data).run().parameters.digest])
  }

  @Test func goesOnToTheSameBits() throws {
    var training = Training(recipe, on: data)
    training.output = output
    _ = try training.run { if case .step(let step) = $0, step.step == 17 { training.stop() } }
    training = Training(recipe, on: data)
    (training.output, training.resumes) = (output, true)
    var resumedAfter: Int?
    let model = try training.run { if case .resume(_, let state) = $0 { resumedAfter = state.step } }
    #expect(resumedAfter == 18 && model.parameters.digest == whole)
    #expect(try Model(path: output).parameters.digest == whole)
  }

  @Test func doesNotGoOnWithOtherData() throws {
    var training = Training(recipe, on: data)
    training.output = output
    _ = try training.run { if case .step(let step) = $0, step.step == 17 { training.stop() } }
    training = Training(recipe, on: try formulaDataset(samples: 151, features: 13, classes: 4))
    (training.output, training.resumes) = (output, true)
    let error = #expect(throws: AgreedError.self) { try training.run() }
    #expect(error?.exitStatus == 65)
    training.output = nil
    #expect(throws: AgreedError.self) { try training.run() }
  }

  /// Ranks that do not have the same arrays would train on a mixture.
  @Test func ranksMustHaveTheSameData() throws {
    let others = try formulaDataset(samples: 151, features: 13, classes: 4)
    let results = ThreadedCollective.run(nodes: [0, 0, 0]) { [recipe, data] collective in
      try Training(recipe, on: collective.rank == 2 ? others : data).run(on: collective)
    }
    for result in results {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message.contains("digest") == true && error?.rank == 2)
    }
  }

  @Test func streamsEvents() async throws {
    let job = Training(recipe, on: data).start()
    var (steps, isEnded) = (0, false)
    for try await event in job.events {
      if case .step = event { steps += 1 }
      if case .end = event { isEnded = true }
    }
    #expect(steps == 40 && isEnded)
    #expect(try await job.model.parameters.digest == whole)
  }

  /// A training that is stopped from outside ends after some step; which, no one can say.
  @Test func aJobStopsAndGoesOn() async throws {
    var training = Training(recipe, on: data)
    training.output = output
    let job = training.start()
    for try await event in job.events { if case .step(let step) = event, step.step == 5 { job.stop() } }
    #expect(try await job.model.network.classes == 4)
    training = Training(recipe, on: data)
    (training.output, training.resumes) = (output, true)
    #expect(try await training.start().model.parameters.digest == whole)
  }

  @Test func aJobThrowsItsError() async throws {
    var bad = recipe
    bad.batchSize = 0
    let job = Training(bad, on: data).start()
    await #expect(throws: (any Error).self) { for try await _ in job.events {} }
    await #expect(throws: (any Error).self) { try await job.model }
  }

  @Test func tellsOfMissingTestSamples() throws {
    let images = (0..<40).map { sample in (0..<3).map { Float(sample * 7 % 11 + $0) } }
    var warnings: [String] = []
    var end: TrainingResult?
    _ = try Training(recipe, on: Dataset(images: images, labels: (0..<40).map { $0 % 2 })).run { event in
      if case .warning(let text) = event { warnings.append(text) }
      if case .end(let result) = event { end = result }
    }
    #expect(warnings.contains { $0.hasPrefix("arrays: there are no test files") }, "\(warnings)")
    #expect(end?.training?.count == 40 && end?.test.count == 0 && end?.validation == nil)
  }
}
