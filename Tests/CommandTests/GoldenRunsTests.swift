import Foundation
import LockstepCore
import Testing

/// Runs of an earlier version (`Tests/Golden/runs.sh`): this one goes on from their checkpoints to the same bits, if it
/// computes by their contract, and reads their models.
@Suite struct GoldenRunsTests {
  /// The numerical contract that they were computed by; their checkpoints have none yet.
  static let contract = 1
  static let names = ["sgd", "adam", "mlp"]
  let scratch: TemporaryDirectory

  init() throws {
    scratch = try TemporaryDirectory()
    let digits = ["synthesize", "--output", "digits", "--train", "300", "--test", "100", "--seed", "7"]
    #expect(try lockstep(digits, directory: scratch.path).status == 0)
  }

  private func golden(_ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(Repository.root)/Tests/Golden/runs/\(name)"))
  }

  @Test(arguments: names, [nil, 3]) func areGoneOnWith(name: String, ranks: Int?) throws {
    let run = scratch.file("run")
    try FileManager.default.copyItem(atPath: "\(Repository.root)/Tests/Golden/runs/\(name)", toPath: run)
    let result = try lockstep(
      ["train", "--resume", "--data", "digits", "--output", run, "--quiet", "--log-every", "7"], ranks: ranks,
      directory: scratch.path)
    guard Build.contract == Self.contract else {
      return expect(result, status: 65, naming: ["contract \(Self.contract)", "contract \(Build.contract)"])
    }
    #expect(result.status == 0, "\(result.errors)")
    #expect(try result.output == String(decoding: golden("\(name).txt"), as: UTF8.self))
    let model = try TrainingRun(path: run, result: result).model
    #expect(try Self.tensors(model) == Self.tensors(golden("\(name).safetensors")))
  }

  /// The bytes behind a file's header, which tells more than that of the earlier version.
  private static func tensors(_ file: Data) -> Data {
    file.dropFirst(8 + file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) })
  }

  @Test(arguments: names) func modelsAreRead(name: String) throws {
    let model = "\(Repository.root)/Tests/Golden/runs/\(name).safetensors"
    let result = try lockstep(["evaluate", model, "--data", "digits"], directory: scratch.path)
    let expected = try String(decoding: golden("\(name).txt"), as: UTF8.self)
    #expect(result.status == 0, "\(result.errors)")
    if Build.contract == Self.contract { #expect(expected.hasPrefix(result.conclusion)) }
    #expect(!result.conclusion.isEmpty)
    #expect(try expected.contains("weights " + lockstep(["digest", model]).output))
  }
}
