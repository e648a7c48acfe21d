import Foundation
import LockstepCore
import Synchronization
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
    for (path, found) in [
      ("/taken", "a file of that name"), ("/taken/run", "Not a directory: \(directory.path)/taken"),
      ("/taken/a/b", "Not a directory: \(directory.path)/taken"),
    ] {
      let error = #expect(throws: LockstepError.self) { try RunDirectory(creating: directory.path + path) }
      #expect(
        error?.subject == directory.path + path && error?.found == found,
        "\(path): \(error?.description ?? "")")
    }
  }

  /// The system's own reason, whatever is looked at after the call that failed.
  @Test(arguments: [
    ("/" + String(repeating: "x", count: 256), "File name too long"),
    ("/circle/run", "Too many levels of symbolic links"),
    ("/dangling", "a symbolic link to 'nowhere', which is no directory"),
    ("/dangling/run", "a symbolic link to 'nowhere', which is no directory"),
    ("/new/" + String(repeating: "x", count: 256) + "/run", "File name too long"),
  ]) func whyADirectoryCannotBeMade(path: String, reason: String) throws {
    let directory = try TemporaryDirectory()
    for (link, target) in [("circle", "circle"), ("dangling", "nowhere")] {
      try FileManager.default.createSymbolicLink(
        atPath: directory.path + "/" + link, withDestinationPath: target)
    }
    let error = #expect(throws: LockstepError.self) { try RunDirectory(creating: directory.path + path) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    #expect(error?.kind == .failure)
  }

  /// Jobs that start in the same second.
  @Test func eachTakesANameOfItsOwn() throws {
    let directory = try TemporaryDirectory(["taken": []])
    let names = Mutex<[String]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      guard let path = try? RunDirectory.makeUnused(directory.path + "/runs/one") else { return }
      names.withLock { $0.append(path) }
    }
    let expected = [""] + (2...8).map { "-\($0)" }
    #expect(names.withLock { $0.sorted() } == expected.map { directory.path + "/runs/one" + $0 })
    #expect(throws: LockstepError.self) { try RunDirectory.makeUnused(directory.path + "/taken/run") }
  }
}
