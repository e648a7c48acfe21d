import Foundation
import LockstepCore
import Testing

@Suite struct ScheduleTests {
  @Test func constantStaysTheBase() {
    let schedule = Schedule(base: 0.5)
    #expect([0, 1, 1000].map { schedule.learningRate(step: $0, epoch: $0) } == [0.5, 0.5, 0.5])
  }

  /// As MultiStepLR([3, 6], 0.5): the rate of epochs 3, 4, 5 is halved, and halved again from epoch 6. A milestone
  /// given twice counts twice, and their order does not matter.
  @Test func stepLowersAtMilestones() {
    let schedule = Schedule(base: 0.5, shape: .step(milestones: [6, 3], gamma: 0.5))
    let rates = (0..<8).map { schedule.learningRate(step: 100, epoch: $0) }
    #expect(rates == [0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125, 0.125])
    let twice = Schedule(base: 1, shape: .step(milestones: [1, 1], gamma: 0.5))
    #expect(twice.learningRate(step: 9, epoch: 1) == 0.25)
  }

  @Test func warmupRisesLinearlyToTheSchedule() {
    let schedule = Schedule(base: 0.5, shape: .step(milestones: [1], gamma: 0.5), warmupSteps: 4)
    #expect((0..<6).map { schedule.learningRate(step: $0, epoch: 0) } == [0.125, 0.25, 0.375, 0.5, 0.5, 0.5])
    #expect(schedule.learningRate(step: 1, epoch: 1) == 0.125)
  }

  /// Half a cosine from the base to 0 over the steps after the warmup, whose last step has the base itself.
  @Test(arguments: [0, 1, 10])
  func cosineFallsAfterTheWarmup(warmup: Int) {
    let schedule = Schedule(base: 0.3, shape: .cosine, warmupSteps: warmup, totalSteps: 200)
    for step in 0..<warmup {
      #expect(schedule.learningRate(step: step, epoch: 0) == 0.3 * Double(step + 1) / Double(warmup))
    }
    for step in warmup...200 {
      let expected = 0.15 * (1 + cos(Double.pi * Double(step - warmup) / Double(200 - warmup)))
      #expect(abs(schedule.learningRate(step: step, epoch: step / 7) - expected) < 1e-15)
    }
    #expect(schedule.learningRate(step: 200, epoch: 0) == 0)
    let rates = (warmup..<200).map { schedule.learningRate(step: $0, epoch: 0) }
    #expect(zip(rates, rates.dropFirst()).allSatisfy { $0 > $1 })
  }

  /// No steps at all, and a warmup that never ends, are no division by zero.
  @Test func degenerateCosines() {
    #expect(Schedule(base: 1, shape: .cosine).learningRate(step: 0, epoch: 0) == 1)
    let warming = Schedule(base: 1, shape: .cosine, warmupSteps: 100, totalSteps: 50)
    #expect(warming.learningRate(step: 49, epoch: 0) == 0.5)
  }

  /// Against torch.optim.lr_scheduler.OneCycleLR: see Tests/Golden/schedules.py.
  @Test func oneCycleIsPyTorchs() throws {
    struct Case: Decodable {
      let base: Double
      let rise: Double
      let rates: [Double]
    }
    let cases: [Case] = try Golden.load("schedules.json")
    #expect(cases.count == 5)
    for golden in cases {
      let schedule = Schedule(
        base: golden.base, shape: .oneCycle(rise: golden.rise), totalSteps: golden.rates.count)
      for (step, rate) in golden.rates.enumerated() {
        let found = schedule.learningRate(step: step, epoch: 0)
        #expect(
          abs(found - rate) <= 1e-12 * golden.base, "\(golden.rise), step \(step): \(found) for \(rate)")
      }
    }
  }

  /// A cycle of no steps or one, and one that only rises, are numbers.
  @Test(arguments: [0, 1, 2], [0.0, 0.3, 1]) func degenerateCycles(steps: Int, rise: Double) {
    let schedule = Schedule(base: 1, shape: .oneCycle(rise: rise), totalSteps: steps)
    for step in 0...3 { #expect(0...1 ~= schedule.learningRate(step: step, epoch: 0)) }
  }

  @Test func cosineOfATurnIsTheCosine() {
    let worst = (0...10_000).map { Double($0) / 20_000 }
      .map { abs(cosine(ofTurn: $0) - cos(2 * Double.pi * $0)) }.max()!
    #expect(worst < 1e-14)
    #expect([0, 0.25, 0.5].map(cosine) == [1, 0, -1])
    #expect([-3, 7].map(cosine) == [1, -1])
  }

  @Test func linearScaling() {
    var recipe = Recipe()
    (recipe.learningRate, recipe.batchSize, recipe.schedule) = (0.1, 512, .constant)
    #expect(recipe.learningRateSchedule(totalSteps: 1).base == 0.1)
    recipe.lrReferenceBatch = 64
    #expect(recipe.learningRateSchedule(totalSteps: 1).base == 0.8)
    recipe.batchSize = 16
    #expect(recipe.learningRateSchedule(totalSteps: 1).base == 0.025)
  }

  @Test func recipeMakesIt() {
    var recipe = Recipe()
    (recipe.warmupSteps, recipe.schedule) = (7, .step)
    #expect(
      recipe.learningRateSchedule(totalSteps: 100)
        == Schedule(
          base: 0.02, shape: .step(milestones: [4, 6], gamma: 0.1), warmupSteps: 7, totalSteps: 100))
    recipe.schedule = .constant
    #expect(
      recipe.learningRateSchedule(totalSteps: 100) == Schedule(base: 0.02, warmupSteps: 7, totalSteps: 100))
    recipe.schedule = .cosine
    #expect(
      recipe.learningRateSchedule(totalSteps: 100)
        == Schedule(base: 0.02, shape: .cosine, warmupSteps: 7, totalSteps: 100))
  }
}
