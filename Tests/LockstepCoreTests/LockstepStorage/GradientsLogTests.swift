import Foundation
import LockstepCore
import Testing

/// `gradients.jsonl`, a line for a step's batch and for each tensor.
@Suite struct GradientsLogTests {
  /// Those of a training's step, with these numbers.
  private func digests(step: Int, gradient: Float = 0.1) throws -> StepDigests {
    var recipe = Recipe()
    (recipe.model, recipe.batchSize, recipe.maxSteps) = (.linear, 37, 1)
    let trainer = try Trainer(
      recipe: recipe, dataset: try formulaDataset(samples: 50, features: 5, classes: 3),
      collective: SingleProcess(), team: try ThreadTeam(count: 1))
    trainer.tracedSteps = 1...1
    let recorder = Recorder()
    _ = try trainer.train(observer: recorder)
    var digests = try #require(recorder.digests.first)
    (digests.step, digests.loss) = (step, 0.75)
    (digests.batch.order, digests.batch.inputs, digests.batch.largest) = (1, 0xabc, 2.5)
    digests.tensors.removeFirst()
    digests.tensors[0].gradient = ValuesDigest(name: "layers.0.weight", [gradient])
    return digests
  }

  private func state(step: Int) -> TrainingState {
    var state = TrainingState()
    state.step = step
    return state
  }

  /// The file of a start that goes on after so many steps, and writes these.
  private func write(_ steps: [Int], to path: String, after done: Int?) throws -> String {
    let log = try GradientsLog(path: path, resuming: done.map { state(step: $0) }) { _ in }
    for step in steps { try log.observe(.digests(try digests(step: step))) }
    return try String(contentsOfFile: path, encoding: .utf8)
  }

  @Test func keysAndDigits() throws {
    let lines = try digests(step: 3).lines.map(\.text)
    #expect(
      lines[0]
        == #"{"step":3,"epoch":1,"samples":37,"order":"0000000000000001","inputs":"0000000000000abc","#
        + #""inputs_max":2.5,"learning_rate":0.02,"loss":0.75}"#)
    #expect(lines[1].hasPrefix(#"{"step":3,"tensor":"layers.0.weight","before":""#), "\(lines[1])")
    #expect(lines[1].contains(#","gradient_max":0.1,"after":""#), "\(lines[1])")
    #expect(lines.count == 2)
  }

  @Test(arguments: [
    (Float.nan, #""nan""#), (.infinity, #""inf""#), (3e38, "3e+38"), (.leastNonzeroMagnitude, "1e-45"),
  ])
  func magnitudes(value: Float, text: String) throws {
    let line = try digests(step: 3, gradient: value).lines[1].text
    #expect(line.contains(#""gradient_max":\#(text),"#), "\(line)")
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
  }

  @Test func aResumedRunWritesEachStepOnce() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path + "/gradients.jsonl"
    let whole = try write([1, 2, 3, 4, 5], to: path, after: nil)
    #expect(whole.split(separator: "\n").count == 10)
    #expect(try write([3, 4, 5], to: path, after: 2) == whole)
    #expect(try write([], to: path, after: 9) == whole)
    #expect(try write([1, 2, 3, 4, 5], to: path, after: 0) == whole)
    #expect(try write([1, 2, 3, 4, 5], to: path, after: nil) == whole)
  }

  /// What a crash leaves goes, wherever it tore the line.
  @Test func aTornLineGoes() throws {
    let directory = try TemporaryDirectory()
    let whole = Array(try write([1, 2], to: directory.path + "/gradients.jsonl", after: nil).utf8)
    for length in 0...whole.count {
      let kept = GradientsLog.lengthKept(of: Array(whole[..<length]), upTo: 9)
      #expect(kept == (whole[..<length].lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
    }
    #expect(GradientsLog.lengthKept(of: whole + Array("\0\0\n".utf8) + whole, upTo: 9) == whole.count)
  }
}
