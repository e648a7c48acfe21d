import Foundation
import LockstepCore
import Testing

/// The same bits with what the recipe of SameBitsTests does not have.
@Suite struct SameBitsOptionsTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// Each also after a stop in the middle of an epoch.
  @Test(arguments: [
    ["--optimizer", "rmsprop", "--momentum", "0.5", "--lr", "0.001", "--schedule", "onecycle"],
    ["--label-smoothing", "0.1", "--augment-flip", "--augment-crop", "3", "--augment-cutout", "7"],
    ["--class-weights", "balanced", "--label-smoothing", "0.2"],
    ["--mixup", "0.4", "--augment-shift", "2", "--label-smoothing", "0.1"],
    ["--mixup", "1", "--class-weights", "1,0,3,1,1,2,1,0.5,1,1", "--reduction", "exact32"],
    ["--class-weights", "1,0,3,1,1,2,1,0.5,1,1", "--reduction", "exact32"],
    ["--optimizer", "lars", "--lr", "5", "--weight-decay", "0.001"],
    ["--optimizer", "lars", "--nesterov", "--clip-norm", "0.5", "--hidden", "300", "--reduction", "exact32"],
    ["--clip-norm", "0.3", "--momentum", "0"], ["--clip-norm", "0.1", "--reduction", "exact32"],
    ["--clip-norm", "1", "--network", "conv 6 5x5, relu, maxpool 2, dense 300, relu, dense classes"],
    [
      "--network",
      "conv 18 5x5 stride 2, batchnorm, relu, conv 5 3x3, tanh, batchnorm, dense 33, batchnorm, dense classes",
    ],
    [
      "--network",
      """
      conv 8 5x5 stride 3, batchnorm, relu, residual(conv 8 3x3 pad 1, batchnorm, relu, dropout 0.1, conv 8 1x1), \
      relu, residual(conv 20 3x3 pad 1, relu) shortcut(conv 20 1x1), branches(conv 3 1x1, relu | maxpool 2 stride 1, \
      conv 5 2x2 pad 1), flatten, residual(dense 512, tanh), branches(dense 40, relu | dense 300, relu), dense classes
      """,
      "--reduction", "exact32",
    ],
    // Several layers read the data, one of which would have a copy for each thread.
    ["--network", "flatten, branches(dense 300, relu | tanh), dense classes"],
    ["--network", "flatten, residual(dense 784), groupnorm 7, relu, dense classes"],
    [
      "--network", "flatten, batchnorm, dense 33, batchnorm, relu, dense classes", "--reduction", "exact16",
      "--keep-best",
    ],
    ["--augment-flip", "--augment-crop", "2", "--augment-rotate", "10", "--reduction", "exact16"],
  ])
  func otherOptions(options: [String]) throws {
    let recipe = [
      "--batch-size", "203", "--epochs", "3", "--max-steps", "22", "--validation-split", "0.1", "--seed", "7",
      "--hidden", "33",
    ]
    let reference = try scene.train(recipe + options)
    for (ranks, threads) in [(1, 2), (1, 4), (2, 1), (3, 2), (4, 1), (7, 1)] {
      let run = try scene.train(recipe + options, ranks: ranks, threads: threads)
      try expectSame(run, reference, "\(ranks) ranks of \(threads) threads")
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      try expectSame(scene.train(recipe + options, environment: ["LOCKSTEP_ISA": name]), reference, name)
    }
    #expect(try scene.train(recipe).digest != reference.digest)
    let stopped = try scene.train(recipe + options + ["--max-steps", "13"], ranks: 3)
    let resumed = try lockstep(
      ["train", "--data", scene.data, "--output", stopped.path, "--resume", "--max-steps", "22"], ranks: 2)
    #expect(resumed.status == 0 && resumed.output.contains(reference.digest), "\(resumed.errors)")
  }
}
