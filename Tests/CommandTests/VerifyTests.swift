import Foundation
import Testing

/// `verify`: what a run claims is recomputed, and whatever was changed is found.
@Suite struct VerifyTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func verified(_ run: TrainingRun, _ options: [String] = [], ranks: Int? = nil, status: Int32 = 0)
    throws
    -> CommandResult
  {
    let result = try lockstep(["verify", run.path, "--quiet"] + options, ranks: ranks)
    try #require(result.status == status, "\(result.errors)\(result.output)")
    return result
  }

  private func change(_ run: TrainingRun, _ old: String, to new: String) throws {
    let path = run.path + "/receipt.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try #require(text.contains(old), "\(text)")
    try text.replacing(old, with: new).write(toFile: path, atomically: false, encoding: .utf8)
  }

  private func kept(_ options: [String] = []) throws -> TrainingRun {
    try scene.train(
      [
        "--hidden", "12", "--optimizer", "adam", "--lr", "0.002", "--epochs", "3", "--keep", "1",
        "--keep-epochs",
      ] + options)
  }

  /// By other numbers of ranks than it was trained on.
  @Test(arguments: [nil, 1, 2, 3, 4, 7]) func everyEpoch(ranks: Int?) throws {
    let run = try kept()
    let digests = try run.events("epoch").map { try #require($0["weights"] as? String) }
    #expect(digests.count == 3 && digests[2] == run.digest)
    for epoch in 1...3 {
      let result = try verified(run, ["--epoch", "\(epoch)"], ranks: ranks)
      #expect(result.output.contains("epoch \(epoch): "), "\(result.output)")
      #expect(result.output.contains(": weights \(digests[epoch - 1]), test accuracy "))
      #expect(result.output.contains("model.safetensors: weights \(run.digest), test accuracy "))
    }
    #expect(try verified(run, ["--sample", "2"], ranks: ranks).output.contains("verified: 2 of 3 parts"))
  }

  /// Without kept epochs the first and the last; the steps after the last epoch, too.
  @Test func whatHasACheckpoint() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "5", "--keep", "2"])
    #expect(try verified(run).output.contains("epoch 5: "))
    #expect(try verified(run, ["--epoch", "1"]).output.contains("from the start"))
    let refused = try verified(run, ["--epoch", "3"], status: 64)
    #expect(
      refused.errors.contains("a checkpoint to begin with for: 1, 5")
        && refused.errors.contains("--keep-epochs"))
    #expect(try verified(run, ["--epoch", "6"], status: 64).errors.contains("receipt: 1, 2, 3, 4, 5"))
    let steps = try scene.train(["--model", "linear", "--max-steps", "40"])
    #expect(try verified(steps).output.contains("steps 33 to 40, after the last epoch"))
    let best = try scene.train([
      "--hidden", "30", "--epochs", "4", "--validation-split", "0.2", "--keep-best", "--lr", "0.3",
    ])
    #expect(try verified(best).output.contains("epoch 4: "))
  }

  @Test func whateverIsChangedIsFound() throws {
    let run = try kept()
    let original = try run.file("receipt.json")
    func restore() throws { try original.write(to: URL(fileURLWithPath: run.path + "/receipt.json")) }
    let digests = try run.events("epoch").map { try #require($0["weights"] as? String) }
    try change(run, digests[1], to: "0123456789abcdef")
    let end = try verified(run, ["--epoch", "2"], status: 1)
    #expect(
      end.errors.contains("epoch 2: weights: expected 0123456789abcdef, by the receipt, found \(digests[1])"))
    let start = try verified(run, ["--epoch", "3"], status: 1)
    #expect(start.errors.contains("0123456789abcdef") && start.errors.contains("checkpoints/step-"))
    try restore()
    let accuracy = try #require(try run.events("epoch")[1]["test_accuracy"] as? Double)
    try change(run, "\"test_accuracy\":\(accuracy)", to: "\"test_accuracy\":0.999")
    #expect(try verified(run, ["--epoch", "2"], status: 1).errors.contains("test_accuracy: expected 0.999"))
    try restore()
    try change(run, "\"contract\":1", to: "\"contract\":99")
    #expect(try verified(run, status: 65).errors.contains("contract 99"))
    try restore()
    try change(run, "lr: 0.002", to: "lr: 0.003")
    #expect(try verified(run, ["--epoch", "1"], status: 1).errors.contains("weights"))
    #expect(try verified(run, ["--epoch", "2"], status: 65).errors.contains("lr 0.002"))
    try restore()
    _ = try verified(run)
    let other = try scene.train(["--hidden", "12", "--max-steps", "1"])
    try other.model.write(to: URL(fileURLWithPath: run.path + "/model.safetensors"))
    #expect(try verified(run, status: 1).errors.contains("model.safetensors: expected weights \(run.digest)"))
  }

  /// The claims of the end: final figures, steps, figures left out, a model of another normalization.
  @Test func claimsOfTheEnd() throws {
    let run = try kept()
    let original = try run.file("receipt.json")
    func restore() throws { try original.write(to: URL(fileURLWithPath: run.path + "/receipt.json")) }
    let text = String(decoding: original, as: UTF8.self)
    let accuracy = try #require(text.matches(of: /"test_accuracy":([0-9.]+)/).last?.output.1)
    let tail = try #require(text.range(of: "\"test_accuracy\":\(accuracy)", options: .backwards))
    try text.replacingCharacters(in: tail, with: "\"test_accuracy\":0.999").write(
      toFile: run.path + "/receipt.json", atomically: false, encoding: .utf8)
    #expect(try verified(run, status: 1).errors.contains("test_accuracy: expected 0.999"))
    try restore()
    try change(run, "\"epoch\":3,\"step\":96", to: "\"epoch\":4,\"step\":128")
    try change(run, "\"step\":96,\"weights\"", to: "\"step\":128,\"weights\"")
    #expect(try verified(run, status: 1).errors.contains("steps: expected 128, by the receipt, found 96"))
    try restore()
    try change(run, ",\"test_accuracy\":\(accuracy)", to: "")
    #expect(try verified(run, status: 1).errors.contains("test_accuracy: expected none"))
    try restore()
    let model = run.path + "/model.safetensors"
    let bytes = try run.model
    let header = String(decoding: bytes.dropFirst(8).prefix(1000), as: UTF8.self)
    let normalize = try #require(header.firstMatch(of: /"lockstep.normalize":"(0\.\d)/)?.output.1)
    var other = bytes
    let place = try #require(other.range(of: Data("lockstep.normalize\":\"\(normalize)".utf8))).upperBound - 1
    other[place] = other[place] == UInt8(ascii: "9") ? UInt8(ascii: "8") : other[place] + 1
    try other.write(to: URL(fileURLWithPath: model))
    #expect(try verified(run, status: 1).errors.contains("normalized by"))
    try bytes.write(to: URL(fileURLWithPath: model))
    _ = try verified(run)
  }

  /// Another run's model with its digest as the final one.
  @Test func modelsOfOtherRuns() throws {
    let run = try kept()
    let other = try kept(["--seed", "2"])
    try other.model.write(to: URL(fileURLWithPath: run.path + "/model.safetensors"))
    try change(
      run, "\"step\":96,\"weights\":\"\(run.digest)\",\"test",
      to: "\"step\":96,\"weights\":\"\(other.digest)\",\"test")
    #expect(
      try verified(run, status: 1).errors.contains(
        "model.safetensors: expected weights \(run.digest) of epoch 3"))
  }

  /// A log that has lost a line: the epoch before is not the one that stands before.
  @Test func gapsInTheLog() throws {
    let run = try kept()
    let path = run.path + "/receipt.json"
    let text = try String(contentsOfFile: path, encoding: .utf8)
    let second = try #require(text.firstMatch(of: /\{"epoch":2[^}]*\},/)?.output)
    try text.replacing(second, with: "").write(toFile: path, atomically: false, encoding: .utf8)
    #expect(
      try verified(run, ["--epoch", "3"]).output.contains("epoch 3: 32 steps from the checkpoint of step 64"))
    #expect(try verified(run, ["--epoch", "2"], status: 64).errors.contains("an epoch of the receipt: 1, 3"))
  }

  /// Its bits are those of a number of ranks.
  @Test func fastReductions() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "1", "--reduction", "fast"])
    #expect(try verified(run, status: 64).errors.contains("one of --reduction fast"))
  }

  /// A run that was asked to keep all epochs goes on to, without being asked again.
  @Test func keptEpochsStayOnResuming() throws {
    let run = try kept()
    let more = try lockstep([
      "train", "--resume", "--output", run.path, "--data", scene.data, "--epochs", "5", "--keep", "1",
      "--quiet",
    ])
    try #require(more.status == 0, "\(more.errors)")
    for epoch in 1...5 { _ = try verified(run, ["--epoch", "\(epoch)"]) }
  }

  /// A bit in the checkpoint that an epoch begins with.
  @Test func damagedCheckpoints() throws {
    let run = try kept()
    let path = run.path + "/checkpoints/step-00000032.safetensors"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count - 100] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    let result = try verified(run, ["--epoch", "2"], status: 65)
    #expect(result.errors.contains("step-00000032.safetensors"), "\(result.errors)")
  }

  @Test func otherData() throws {
    let run = try kept()
    let other = scene.scratch.file("other")
    let drawn = try lockstep([
      "synthesize", "--output", other, "--train", "2000", "--test", "300", "--seed", "2",
    ])
    try #require(drawn.status == 0)
    let result = try verified(run, ["--data", other], status: 65)
    #expect(result.errors.contains("by the receipt") && result.errors.contains("--data"), "\(result.errors)")
    try change(run, "\"sha256\":{\"test-images\":\"", to: "\"sha256\":{\"test-images\":\"0")
    #expect(try verified(run, status: 65).errors.contains("test-images of SHA-256 0"))
  }

  /// What others need for it is the run directory and the data.
  @Test func elsewhere() throws {
    let run = try kept()
    let moved = scene.scratch.file("moved")
    try FileManager.default.moveItem(atPath: run.path, toPath: moved)
    try FileManager.default.moveItem(atPath: scene.data, toPath: scene.scratch.file("data"))
    let result = try lockstep(["verify", moved, "--data", scene.scratch.file("data"), "--quiet"])
    #expect(result.status == 0, "\(result.errors)")
    try FileManager.default.removeItem(atPath: moved + "/receipt.json")
    let lost = try lockstep(["verify", moved, "--data", scene.scratch.file("data")])
    #expect(lost.status == 65 && lost.errors.contains("receipt.json: expected the receipt"), "\(lost.errors)")
  }

  /// The receipt does not say how many ranks there were: it is the same file.
  @Test func receiptsAreTheSameOnAnyNumberOfRanks() throws {
    let alone = try kept()
    for ranks in [2, 3] {
      let run = try scene.train(
        ["--hidden", "12", "--optimizer", "adam", "--lr", "0.002", "--epochs", "3"], ranks: ranks)
      #expect(try run.file("receipt.json") == alone.file("receipt.json"))
    }
  }
}
