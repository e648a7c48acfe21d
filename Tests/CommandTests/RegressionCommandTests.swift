import Foundation
import LockstepCore
import Testing

/// Numbers as labels, by the command.
@Suite struct RegressionCommandTests {
  private let scene: TrainingScene
  private let data: String
  private static let recipe = [
    "--hidden", "40", "--batch-size", "101", "--micro-batches", "7", "--epochs", "3", "--max-steps", "13",
    "--lr", "0.05",
  ]

  init() throws {
    scene = try TrainingScene()
    data = scene.scratch.file("numbers")
    try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    for (part, count) in [("train", 600), ("t10k", 90)] {
      let samples = (0..<count).map(Self.sample)
      let targets = samples.map { x -> [Double] in
        [Double(x[0] * x[1] - x[2]), 50 + 10 * Double(x[3] + x[4])]
      }
      let (words, others) = (samples.joined().map { $0.bitPattern }, targets.joined().map { $0.bitPattern })
      try write("\(part)-images-idx2-float", .float32, [count, 6], words)
      try write("\(part)-labels-idx2-double", .float64, [count, 2], others)
    }
  }

  private static func sample(_ number: Int) -> [Float] {
    (0..<6).map { place -> Float in
      let step = number * 7 + place * place * 13 + number / 9
      return Float(step % 23) / 10
    }
  }

  private func write<Word: FixedWidthInteger>(
    _ name: String, _ element: IDXElement, _ dimensions: [Int], _ words: [Word]
  ) throws {
    let bytes = words.flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } }
    try Data(IDXHeader.encode(element: element, dimensions: dimensions) + bytes)
      .write(to: URL(fileURLWithPath: "\(data)/\(name)"))
  }

  @Test(arguments: [
    ["--loss", "mse"], ["--loss", "l1", "--reduction", "exact16"],
    [
      "--loss", "mse", "--network", "dense 40, batchnorm, relu, dense classes", "--normalize-targets", "none",
    ],
  ])
  func sameBits(options: [String]) throws {
    let recipe = Self.recipe + options + (options.contains("none") ? ["--lr", "1e-5"] : [])
    let reference = try scene.train(recipe, data: data)
    for (ranks, threads) in [(1, 2), (1, 4), (2, 1), (3, 2), (4, 1), (7, 1)] {
      let run = try scene.train(recipe, data: data, ranks: ranks, threads: threads)
      try expectSame(run, reference, "\(ranks) ranks of \(threads) threads")
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      try expectSame(scene.train(recipe, data: data, environment: ["LOCKSTEP_ISA": name]), reference, name)
    }
    let stopped = try scene.train(recipe + ["--max-steps", "8"], data: data, ranks: 3)
    let resumed = try lockstep(
      ["train", "--data", data, "--output", stopped.path, "--resume", "--max-steps", "13"], ranks: 2)
    #expect(resumed.status == 0 && resumed.output.contains(reference.digest), "\(resumed.errors)")
  }

  /// What reads a run knows what its numbers are.
  @Test func everyCommandTakesThem() throws {
    let run = try scene.train(Self.recipe + ["--loss", "mse"], data: data, ranks: 2)
    let line = try #require(run.result.output.split(separator: "\n").dropLast().last)
    #expect(
      line.firstMatch(of: /^test MAE [\d.]+, R2 0\.\d+ \(90 samples\), test loss [\d.]+$/) != nil, "\(line)")
    #expect(run.result.errors.contains("600 samples of 6 numbers with 2 targets each of"))
    let epoch = try #require(try run.events("epoch").last)
    #expect(epoch["test_r2"] != nil && epoch["test_mae"] != nil && epoch["test_rmse"] != nil)
    #expect(epoch["train_accuracy"] == nil && epoch["test_accuracy"] == nil)
    #expect(try run.events("start")[0]["targets"] as? Int == 2)

    let predictions = scene.scratch.file("predictions.csv")
    let evaluated = try lockstep(["evaluate", run.path, "--data", data, "--predictions", predictions])
    #expect(evaluated.output.contains(String(line)), "\(evaluated.output)\(evaluated.errors)")
    let rows = try String(contentsOfFile: predictions, encoding: .utf8).split(separator: "\n")
    #expect(rows.count == 91 && rows[0] == "y0,y1,target0,target1")
    let json = try lockstep(["evaluate", run.path, "--json"])
    #expect(json.output.contains(#""targets":2,"per_target":[{"target":0,"mae":"#), "\(json.output)")
    let predicted = try lockstep(["predict", run.path, "--index", "1", "--csv"])
    #expect(predicted.output == "input,y0,y1,target0,target1\n1,\(rows[2])\n", "\(predicted.output)")
    #expect(try lockstep(["predict", run.path, "--index", "1"]).output.contains(", should be "))

    let onnx = try lockstep(["export", run.path, "--onnx", scene.scratch.file("m.onnx")])
    #expect(onnx.status == 0 && (onnx.output + onnx.errors).contains("; 2 values, weights"))
    #expect(try lockstep(["verify", run.path]).output.contains("R2 0."))
    #expect(try lockstep(["curves", run.path]).output.contains("test R2 0."))
    let page = try String(decoding: run.file("report.html"), as: UTF8.self)
    #expect(page.contains("mean absolute error") && page.contains("R2") && !page.contains("accuracy"))
    #expect(try lockstep(["compare", run.path, run.path]).status == 0)
    let metrics = try lockstep(["metrics", run.path, "--csv", "--event", "epoch"])
    #expect(metrics.output.contains("test_r2"))
  }

  /// By R2, from the best.
  @Test func sweepsRankThem() throws {
    let grid = try scene.file("grid.yaml", "lr: [1e-6, 0.05]\nloss: mse\nhidden: 40\nepochs: 3\nseed: 1\n")
    let output = scene.scratch.file("sweep")
    let sweep = try lockstep(["sweep", grid, "--data", data, "--output", output])
    let rows = sweep.output.split(separator: "\n").map { $0.split(separator: " ") }
    #expect(sweep.status == 0 && rows.count > 2 && rows[1].contains("0.05"), "\(sweep.output)\(sweep.errors)")
    let again = try lockstep(["sweep", grid, "--data", data, "--output", output, "--resume"])
    #expect(again.output == sweep.output, "\(again.output)\(again.errors)")
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let numbers = try lockstep(["train", "--data", data, "--epochs", "1"], ranks: 3)
    expect(numbers, status: 64, naming: ["labels of type float64, [600, 2]", "--loss mse or l1"])
    let classes = try lockstep(["train", "--data", scene.data, "--loss", "mse", "--epochs", "1"], ranks: 3)
    expect(classes, status: 64, naming: ["labels that are numbers", "Leave --loss out"])
    let run = try scene.train(Self.recipe + ["--loss", "mse"], data: data)
    let other = try lockstep(["import", data, "--output", scene.scratch.file("imported")])
    expect(other, status: 65, naming: ["labels that are classes", "--loss mse"])
    let spoiled = try lockstep(["evaluate", run.path, "--data", scene.data])
    expect(spoiled, status: 65, naming: ["as the model was trained on"])
  }

  /// What scales the outputs back is part of the model that a receipt is of.
  @Test func verifyKnowsTheScaling() throws {
    let run = try scene.train(Self.recipe + ["--loss", "mse"], data: data)
    let file = run.path + "/model.safetensors"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: file))
    let mark = Data(#""lockstep.targets":""#.utf8)
    let place = try #require(bytes.range(of: mark)).upperBound
    var other = bytes
    other[place] = other[place] == UInt8(ascii: "1") ? UInt8(ascii: "2") : UInt8(ascii: "1")
    try other.write(to: URL(fileURLWithPath: file))
    let verified = try lockstep(["verify", run.path])
    #expect(verified.status == 1 && verified.errors.contains("targets of mse scaled by"))
  }

  /// Said at the end and in the report.
  @Test func whatPredictsNoMoreThanTheMeanIsToldSo() throws {
    let run = try scene.train(Self.recipe + ["--loss", "mse", "--lr", "1e-7"], data: data)
    #expect(run.result.errors.contains("always answering the mean of the targets"), "\(run.result.errors)")
    let unscaled = try lockstep([
      "train", "--data", data, "--loss", "mse", "--normalize-targets", "none", "--lr", "10", "--epochs", "9",
    ])
    expect(unscaled, status: 1, naming: ["--normalize-targets auto"])
  }
}
