import Foundation
import Testing

/// A run that is asked to stop and is started again at that very moment: as if the second had come after the first.
@Suite struct HandOverTests {
  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  /// 20 steps an epoch.
  static let recipe = [
    "--hidden", "32", "--batch-size", "100", "--epochs", "3", "--log-every", "1", "--threads", "1",
  ]

  /// `rank` is asked to stop in step 25, which then takes six seconds: longer than a lock is waited for whose holder
  /// goes on training. The second run starts once the lock says that the first is stopping, or once the signal is
  /// sent.
  @Test(arguments: [(nil, 0), (3, 0), (3, 2)] as [(Int?, Int)])
  func theSecondGoesOnFromTheFirst(ranks: Int?, rank: Int) throws {
    let reference = try scene.train(Self.recipe)
    let train = ["train", "--data", scene.data, "--output", path] + Self.recipe
    // Another rank's request comes to rank 0 with the end of the step, so there it is the next step that takes long.
    let slow = ["env", "LOCKSTEP_FAULT_SLOW=6:25"]
    let hit = slow + ["LOCKSTEP_FAULT_SIGNAL=10:25"]
    let first = commandLine(
      train, groups: (0..<(ranks ?? 1)).map { $0 == rank ? hit : slow }, isJob: ranks != nil)
    let second = commandLine(train + ["--resume"], groups: [[]], isJob: false)
    let script = """
      (\(first) >first.out 2>first.err; echo $? >first.status) & job=$!
      until grep -qs stopping run/.lock; do kill -0 $job || break; sleep 0.02; done
      \(second) </dev/null
      """
    let result = try Launch.takingTurns {
      try run(
        "sh", ["-c", script], environment: Launch.environment(ranks: ranks ?? 1),
        directory: scene.scratch.path)
    }
    let errors = try scene.scratch.text("first.err")
    #expect(try scene.scratch.text("first.status") == "75\n", "\(errors)")
    #expect(errors.contains("step-00000025.safetensors is safe"), "\(errors)")
    #expect(result.status == 0, "\(result.errors)")
    if rank == 0 { #expect(result.errors.contains(", which is stopping\n"), "\(result.errors)") }
    #expect(result.errors.contains("going on after step 25 of 60"), "\(result.errors)")
    let whole = TrainingRun(path: path, result: result)
    #expect(whole.digest == reference.digest)
    #expect(try whole.measurements == reference.measurements)
    #expect(try whole.file(".lock") == Data())
  }

  /// The one that waits can be stopped as well, and says what it waited for.
  @Test(arguments: [nil, 2]) func theOneThatWaitsIsStopped(ranks: Int?) throws {
    let train = ["train", "--data", scene.data, "--output", path] + Self.recipe
    let first = commandLine(
      train, groups: [["env", "LOCKSTEP_FAULT_SLOW=4:25", "LOCKSTEP_FAULT_SIGNAL=10:25"]], isJob: false)
    let second = commandLine(
      train + ["--resume"], groups: Array(repeating: [], count: ranks ?? 1), isJob: ranks != nil)
    let script = """
      (\(first) 2>first.err; echo $? >first.status) & job=$!
      until grep -qs stopping run/.lock; do kill -0 $job || break; sleep 0.02; done
      (exec \(second)) 2>second.err & second=$!
      until grep -qs "which is stopping" second.err; do kill -0 $second || break; sleep 0.02; done
      kill -USR1 $second; wait $second; echo $? >second.status; wait
      """
    _ = try Launch.takingTurns {
      try run(
        "sh", ["-c", script], environment: Launch.environment(ranks: ranks ?? 1),
        directory: scene.scratch.path)
    }
    #expect(try scene.scratch.text("first.status") == "75\n")
    let errors = try scene.scratch.text("second.err")
    #expect(try scene.scratch.text("second.status") == "75\n", "\(errors)")
    #expect(errors.contains(#/stopped on request while pid \d+ on .* was still at work in it/#), "\(errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints")
    #expect(names.contains("step-00000025.safetensors"))
  }

  /// A file system without locks: the second cannot know, but is told so, and waits for one that is seen to be
  /// stopping.
  @Test func withoutLocks() throws {
    let train = ["train", "--data", scene.data, "--output", path] + Self.recipe
    let first = commandLine(
      train, groups: [["env", "LOCKSTEP_FAULT_SLOW=2:25", "LOCKSTEP_FAULT_SIGNAL=10:25"]], isJob: false)
    let second = commandLine(train + ["--resume"], groups: [[]], isJob: false)
    let script = """
      export LOCKSTEP_FAULT_LOCKS=no:locks
      (\(first) 2>first.err; echo $? >first.status) & job=$!
      until grep -qs stopping run/.lock; do kill -0 $job || break; sleep 0.02; done
      \(second) </dev/null
      """
    let result = try Launch.takingTurns { try run("sh", ["-c", script], directory: scene.scratch.path) }
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("the file system has no locks"), "\(result.errors)")
    #expect(result.errors.contains("going on after step 25 of 60"), "\(result.errors)")
  }

  /// A line of shell: `lockstep ARGUMENTS`, or mpirun with one rank for each of the groups, which run it by the words
  /// given.
  private func commandLine(_ arguments: [String], groups: [[String]], isJob: Bool) -> String {
    let command =
      isJob
      ? [Library.mpirun] + Launch.arguments(groups.map { RankGroup(1, arguments, wrapper: $0) })
      : groups[0] + [Repository.lockstep] + arguments
    return command.map { "'\($0)'" }.joined(separator: " ")
  }
}
