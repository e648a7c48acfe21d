import LockstepCore
import Testing

@Suite struct ScheduleTests {
  @Test func constantStaysTheBase() {
    let schedule = Schedule(base: 0.5)
    #expect([0, 1, 1000].map { schedule.learningRate(step: $0, epoch: $0) } == [0.5, 0.5, 0.5])
  }

  /// As MultiStepLR([3, 6], 0.5): the rate of epochs 3, 4, 5 is halved, and halved again from epoch 6. A milestone given
  /// twice counts twice, and their order does not matter.
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

  @Test func recipeMakesIt() {
    var recipe = Recipe()
    recipe.warmupSteps = 7
    #expect(
      recipe.learningRateSchedule(totalSteps: 100)
        == Schedule(
          base: 0.02, shape: .step(milestones: [4, 6], gamma: 0.1), warmupSteps: 7, totalSteps: 100))
    recipe.schedule = .constant
    #expect(
      recipe.learningRateSchedule(totalSteps: 100) == Schedule(base: 0.02, warmupSteps: 7, totalSteps: 100))
  }
}
