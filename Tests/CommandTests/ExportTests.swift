import Foundation
import Testing

/// `export`: which file it writes, and that it loses none. What ONNX Runtime computes from it is compared with Lockstep
/// and PyTorch's formulas by scripts/test-python.
@Suite struct ExportTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func exported(_ model: String, _ options: [String] = [], ranks: Int? = nil) throws -> Data {
    let path = scene.scratch.file("model-" + UUID().uuidString + ".onnx")
    let result = try lockstep(["export", model, "--onnx", path] + options, ranks: ranks)
    try #require(result.status == 0, "\(result.errors)")
    #expect(result.output == "")
    return try Data(contentsOf: URL(fileURLWithPath: path))
  }

  /// IR version 8 and the producer come first. Any number of ranks writes the same bytes.
  @Test func anONNXFile() throws {
    let run = try scene.train(["--max-steps", "5", "--model", "cnn"])
    let file = try exported(run.path)
    #expect(file.prefix(12) == Data([0x08, 8, 0x12, 8] + Array("lockstep".utf8)))
    #expect(try exported(run.path, ranks: 2) == file)
    for text in [run.digest, "model: cnn", #"["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]"#] {
      #expect(file.range(of: Data(text.utf8)) != nil, "\(text)")
    }
  }

  /// It says what to feed.
  @Test(arguments: [("bytes", "pixels from 0 to 255"), ("numbers", "pixels from 0 to 1")])
  func whatItTakes(input: String, summary: String) throws {
    let run = try scene.train(["--max-steps", "5", "--model", "linear"])
    let path = scene.scratch.file("linear.onnx")
    let result = try lockstep(["export", run.path, "--onnx", path, "--input", input])
    #expect(result.errors.contains("input [batch, 1, 28, 28], \(summary)"), "\(result.errors)")
    #expect(result.errors.contains(run.digest))
  }

  /// Without --input it takes what the model was trained on; evaluate says where a dataset is of another kind.
  @Test func numbersOfADataset() throws {
    let numbers = try scene.scratch.writeNumbers(to: "numbers")
    let run = try scene.train(["--model", "linear", "--max-steps", "2", "--batch-size", "4"], data: numbers)
    let path = scene.scratch.file("numbers.onnx")
    let result = try lockstep(["export", run.path, "--onnx", path])
    #expect(result.errors.contains("input [batch, 1, 8, 8], pixels from 0 to 1"), "\(result.errors)")
    #expect(try exported(run.path, ["--input", "bytes"]) != Data(contentsOf: URL(fileURLWithPath: path)))
    for folder in [numbers, try scene.scratch.writeNumbers(bytes: true, to: "bytes")] {
      let evaluation = try lockstep(["evaluate", run.path, "--data", folder])
      try #require(evaluation.status == 0, "\(evaluation.errors)")
      let warning = "samples of uint8, the model was trained on float32"
      #expect(evaluation.errors.contains(warning) == (folder != numbers), "\(evaluation.errors)")
    }
  }

  /// A model alone is the run's but for the recipe, which it does not have.
  @Test func aModelAlone() throws {
    let run = try scene.train(["--max-steps", "5", "--model", "linear"])
    let ofRun = try exported(run.path)
    let alone = try exported(run.path + "/model.safetensors")
    #expect(ofRun.range(of: Data("lockstep.recipe".utf8)) != nil)
    #expect(alone.range(of: Data("lockstep.recipe".utf8)) == nil)
    #expect(alone.range(of: Data(run.digest.utf8)) != nil)
  }

  /// The newest checkpoint of a run without a model is what the model would have been.
  @Test(arguments: [nil, 2]) func aRunThatIsNotFinished(ranks: Int?) throws {
    let run = try scene.train(["--max-steps", "5", "--model", "linear"])
    let finished = try exported(run.path)
    try FileManager.default.removeItem(atPath: run.path + "/model.safetensors")
    #expect(try exported(run.path, ranks: ranks) == finished)
    try FileManager.default.moveItem(atPath: scene.data, toPath: scene.data + "-moved")
    #expect(try exported(run.path, ["--data", scene.data + "-moved"]) == finished)
    let lost = try lockstep(["export", run.path, "--onnx", scene.scratch.file("lost.onnx")])
    #expect(lost.status == 65 && lost.errors.contains("--data"), "\(lost.errors)")
  }

  /// A file that was there stays when nothing can take its place, and so does what is read.
  @Test func losesNothing() throws {
    let run = try scene.train(["--max-steps", "5", "--model", "linear"])
    let model = run.path + "/model.safetensors"
    let bytes = try run.model
    let linked = scene.scratch.file("linked.onnx")
    try FileManager.default.linkItem(atPath: model, toPath: linked)
    for (argument, output) in [(run.path, model), (model, model), (run.path, linked)] {
      let result = try lockstep(["export", argument, "--onnx", output])
      #expect(result.status == 64 && result.errors.contains("--onnx \(output)"), "\(result.errors)")
      #expect(try run.model == bytes)
    }
    let config = try lockstep(["export", run.path, "--onnx", run.path + "/config.yaml"])
    #expect(config.status == 64, "\(config.errors)")
    let old = try scene.file("old.onnx", "old")
    let garbage = try scene.file("garbage", String(repeating: "garbage ", count: 500))
    #expect(try lockstep(["export", garbage, "--onnx", old]).status == 65)
    #expect(try scene.scratch.text("old.onnx") == "old")
  }

  @Test func outputsThatCannotBe() throws {
    let run = try scene.train(["--max-steps", "5", "--model", "linear"])
    let result = try lockstep(["export", run.path, "--onnx", run.path + "/none/model.onnx"])
    #expect(result.status == 1)
    #expect(result.errors.contains("none/model.onnx") && result.errors.contains("--onnx"), "\(result.errors)")
    let directory = try lockstep(["export", run.path, "--onnx", run.path])
    #expect(directory.status == 1 && directory.errors.contains("a directory"), "\(directory.errors)")
  }
}
