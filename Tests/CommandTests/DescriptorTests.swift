import Foundation
import Testing

/// Standard descriptors that are closed at the start: their numbers must not become those of the run's files.
@Suite struct DescriptorTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test(arguments: ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"]) func closedAtTheStart(closing: String) throws {
    let recipe = ["--model", "linear", "--epochs", "3", "--log-every", "1"]
    let reference = try scene.train(recipe)
    let path = scene.scratch.file("closed")
    let train = ["train", "--data", scene.data, "--output", path, "--threads", "1"] + recipe
    let result = try Launch.takingTurns {
      try run("sh", ["-c", "exec \"$@\" \(closing)", "sh", Repository.lockstep] + train)
    }
    #expect(result.status == 0, "\(result.errors)")
    let closed = TrainingRun(path: path, result: result)
    #expect(try closed.model == reference.model)
    #expect(try closed.measurements == reference.measurements)
    #expect(try closed.file("config.yaml") == reference.file("config.yaml"))
    // The first file that a run opens and keeps open.
    #expect(!String(decoding: try closed.file(".lock"), as: UTF8.self).contains("epoch"))
    let names = { try FileManager.default.contentsOfDirectory(atPath: $0 + "/checkpoints").sorted() }
    #expect(try names(path) == names(reference.path))
    for name in try names(path) {
      #expect(try closed.file("checkpoints/" + name) == reference.file("checkpoints/" + name), "\(name)")
    }
  }
}
