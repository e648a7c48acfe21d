import Foundation
import Testing

/// A run directory belongs to one process at a time.
@Suite struct RunLockTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test(arguments: [["--resume"], []]) func aSecondProcessIsRefused(resume: [String]) throws {
    let path = scene.scratch.file("run")
    let train = [
      "train", "--data", scene.data, "--output", path, "--model", "linear", "--log-every", "1", "--quiet",
      "--threads", "1", "--epochs", "1000000",
    ]
    let second = ([Repository.lockstep] + train + resume).joined(separator: " ")
    let result = try scene.job(
      train, ranks: 2,
      beside: """
        wait_for grep -q event...step run/metrics.jsonl
        sed -n 's/^pid //p' run/.lock >pid
        \(second) 2>errors
        echo $? >status
        kill -USR1 $job
        """)
    #expect(result.status == 75, "\(result.errors)")
    #expect(try scene.scratch.text("status") == "64\n")
    let errors = try scene.scratch.text("errors")
    #expect(errors.contains("--output \(path): ") && errors.contains("locked"), "\(errors)")
    let pid = try scene.scratch.text("pid").dropLast()
    #expect(!pid.isEmpty && errors.contains("locked by pid \(pid) on "), "\(errors)")
    // The lock went with its holder.
    let steps = try TrainingRun(path: path, result: result).events("step").count
    let more = try lockstep(train + ["--resume", "--max-steps", String(steps + 1)])
    #expect(more.status == 0, "\(more.errors)")
  }
}
