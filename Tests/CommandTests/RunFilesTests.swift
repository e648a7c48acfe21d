import Foundation
import Testing

/// The files of a run, as other programs read them.
@Suite struct RunFilesTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// 1500 samples in 15 steps an epoch; the last step event falls into the epoch that --max-steps cuts short.
  @Test(arguments: [nil, 3]) func metricsTellTheRun(ranks: Int?) throws {
    let run = try scene.train(
      ["--model", "linear", "--batch-size", "100", "--epochs", "9", "--max-steps", "40", "--log-every", "10"]
        + ["--validation-split", "0.25"], ranks: ranks)
    let events = try run.metrics.filter { $0["event"] as? String != "checkpoint" }
    // Each is told when it has been written, which takes its time.
    #expect(try run.events("checkpoint").map { $0["step"] as? Int } == [15, 30, 40])
    #expect(try run.events("checkpoint").last?["file"] as? String == "step-00000040.safetensors")
    let order = events.map { "\($0["event"] ?? "none") \($0["step"] ?? "")" }
    #expect(
      order == [
        "start ", "step 10", "epoch 15", "step 20", "step 30", "epoch 30", "step 40", "end 40",
      ])
    let start = try #require(events.first)
    #expect(start["training_samples"] as? Int == 1500)
    #expect(start["validation_samples"] as? Int == 500)
    #expect(start["test_samples"] as? Int == 300)
    #expect(start["ranks"] as? Int == ranks ?? 1)
    #expect(start["threads"] as? Int == 1)
    for epoch in try run.events("epoch") {
      for key in ["train", "validation", "test"] {
        let accuracy = try #require(epoch["\(key)_accuracy"] as? Double)
        #expect((0...1).contains(accuracy))
        #expect(try #require(epoch["\(key)_loss"] as? Double) > 0)
      }
      #expect(epoch["epoch"] as? Int != nil && epoch["learning_rate"] as? Double == 0.02)
      #expect(try #require(epoch["seconds"] as? Double) > 0)
      #expect(try #require(epoch["samples_per_second"] as? Double) > 0)
    }
    #expect(events.last?["weights"] as? String == run.digest)
    #expect(events.last?["test_accuracy"] as? Double != nil)
  }

  @Test func noStepEventsWhereNoneAreWanted() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "1", "--log-every", "0"])
    #expect(try run.metrics.compactMap { $0["event"] as? String } == ["start", "epoch", "checkpoint", "end"])
  }

  /// A u64 with the header's length, the header, the tensors: read here without Lockstep's own reader.
  @Test func theModelIsSafetensors() throws {
    let model = try scene.train(["--hidden", "32", "--max-steps", "1"]).model
    let length = model.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    let json = try JSONSerialization.jsonObject(with: model.dropFirst(8).prefix(length))
    let header = try #require(json as? [String: [String: Any]])
    let expected = [
      "layers.0.bias": [32], "layers.0.weight": [32, 784], "layers.2.bias": [10],
      "layers.2.weight": [10, 32],
    ]
    #expect(Set(header.keys) == Set(expected.keys).union(["__metadata__"]))
    var end = 0
    for (name, shape) in expected.sorted(by: { $0.key < $1.key }) {
      let tensor = try #require(header[name])
      #expect(tensor["dtype"] as? String == "F32")
      #expect(tensor["shape"] as? [Int] == shape)
      let size = 4 * shape.reduce(1, *)
      #expect(tensor["data_offsets"] as? [Int] == [end, end + size])
      end += size
    }
    #expect((8 + length) % 8 == 0)
    #expect(model.count == 8 + length + end)
  }

  @Test(arguments: [nil, 1, 3]) func evaluateAndDigestAgreeWithTrain(ranks: Int?) throws {
    let run = try scene.train(["--hidden", "32", "--max-steps", "30"])
    for path in [run.path, run.path + "/model.safetensors"] {
      let evaluated = try lockstep(["evaluate", path, "--data", scene.data], ranks: ranks)
      #expect(evaluated.status == 0)
      #expect(evaluated.conclusion == "dataset \(scene.data)\n\(run.accuracyLine)\n")
      let digest = try lockstep(["digest", path], ranks: ranks)
      #expect(digest.status == 0)
      #expect(digest.output == run.digest + "\n")
    }
  }
}
