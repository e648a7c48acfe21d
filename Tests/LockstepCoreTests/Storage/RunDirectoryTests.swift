import Foundation
import LockstepCore
import Testing

@Suite struct RunDirectoryTests {
  @Test func holdsRecipeMetricsAndModel() throws {
    let directory = try TemporaryDirectory()
    let run = try RunDirectory(creating: directory.path + "/runs/deep/one")
    var recipe = Recipe()
    recipe.learningRate = 0.5
    try run.write(recipe)
    let network = Network(inputShape: [3], specification: [.dense(outputs: 2)])
    try run.write(Model(parameters: Parameters(network, seed: 1), normalization: .none))
    _ = try run.openMetrics(logEvery: 1)
    var read = Recipe()
    try read.apply(yaml: run.path + "/config.yaml")
    #expect(read == recipe)
    #expect(try Model(path: run.path).parameters.digest == Parameters(network, seed: 1).digest)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: run.path).sorted()
        == [".lock", "checkpoints", "config.yaml", "metrics.jsonl", "model.safetensors"])
  }

  @Test(arguments: ["metrics.jsonl", "model.safetensors", "checkpoints/step-00000007.safetensors"])
  func refusesAnExistingRun(file: String) throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: directory.path + "/checkpoints", withIntermediateDirectories: true)
    _ = try directory.write([1, 2, 3], as: file)
    let error = #expect(throws: LockstepError.self) { try RunDirectory(creating: directory.path) }
    #expect(error?.kind == .usage)
    #expect(error?.description.contains(file) == true)
    #expect(try readFile(directory.path + "/" + file, limit: 10, kind: .data) == [1, 2, 3])
  }

  @Test func anEmptyDirectoryWillDo() throws {
    let directory = try TemporaryDirectory(["notes.txt": []])
    #expect(throws: Never.self) { try RunDirectory(creating: directory.path) }
  }

  @Test func aFileInTheWayIsNamed() throws {
    let directory = try TemporaryDirectory(["taken": []])
    for path in ["/taken", "/taken/run", "/taken/a/b"] {
      let error = #expect(throws: LockstepError.self) { try RunDirectory(creating: directory.path + path) }
      #expect(error?.subject.hasPrefix(directory.path + "/taken") == true)
    }
  }
}
