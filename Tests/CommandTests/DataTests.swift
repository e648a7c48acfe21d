import Foundation
import Testing

/// Data that are unusual, incomplete, or changed while they are used.
@Suite struct DataTests {
  let scene: TrainingScene
  /// A copy of the scene's digits that a test may spoil.
  let data: String
  let path: String

  init() throws {
    scene = try TrainingScene()
    data = scene.scratch.file("data")
    path = scene.scratch.file("run")
    try FileManager.default.copyItem(atPath: scene.data, toPath: data)
  }

  static let recipe = ["--model", "linear", "--epochs", "2", "--threads", "1"]
  static let noCopy = ["LOCKSTEP_FAULT_NO_COPY": "1"]

  private func train(
    _ arguments: [String] = [], ranks: Int? = nil, environment: [String: String] = [:]
  ) throws -> CommandResult {
    try lockstep(
      ["train", "--data", data, "--output", path] + Self.recipe + arguments, ranks: ranks,
      environment: environment)
  }

  private func removeTestFiles() throws {
    for part in ["images-idx3", "labels-idx1"] {
      try FileManager.default.removeItem(atPath: "\(data)/t10k-\(part)-ubyte")
    }
  }

  private func warnings(_ result: CommandResult) -> [Substring] {
    result.errors.split(separator: "\n").filter { $0.hasPrefix("lockstep: warning: ") }
  }

  /// Without the line that names the dataset.
  private func figures(_ result: CommandResult) -> Substring {
    result.output.drop { $0 != "\n" }
  }

  @Test(arguments: [nil, 3]) func withoutTestFilesValidationIsTheResult(ranks: Int?) throws {
    try removeTestFiles()
    let result = try train(["--validation-split", "0.25"], ranks: ranks)
    #expect(result.status == 0, "\(result.errors)")
    let form =
      /dataset .+\nvalidation accuracy \d+\.\d\d% \(\d+\/500\), validation loss \d+\.\d{4}\nweights [0-9a-f]{16}\n/
    #expect(try form.wholeMatch(in: result.output) != nil, "\(result.output)")
    #expect(warnings(result).count == 1 && result.errors.contains("\(data): there are no test files"))
    #expect(!result.errors.contains(" test 0.00%"), "\(result.errors)")
    let run = TrainingRun(path: path, result: result)
    for event in try run.events("epoch") + run.events("end") {
      #expect(event["test_accuracy"] == nil && event["validation_accuracy"] != nil, "\(event)")
    }
  }

  /// With no samples to judge by, the figures are those of the training samples, on every number of ranks.
  @Test func withoutTestFilesTrainingIsTheResult() throws {
    try removeTestFiles()
    let reference = try scene.train(Self.recipe, data: data, threads: nil)
    let form = /training accuracy \d+\.\d\d% \(\d+\/2000\), training loss \d+\.\d{4}/
    #expect(try form.wholeMatch(in: reference.accuracyLine) != nil, "\(reference.result.output)")
    let told = warnings(reference.result)
    #expect(told.count == 1 && told[0].contains("\(data): there are no test files"), "\(told)")
    for event in try reference.events("epoch") + reference.events("end") {
      #expect(event["test_accuracy"] == nil && event["train_accuracy"] != nil, "\(event)")
    }
    for ranks in [1, 2, 3, 4, 7] {
      try expectSame(
        scene.train(Self.recipe, data: data, ranks: ranks, threads: nil), reference, "\(ranks) ranks")
    }
  }

  @Test func evaluationNeedsNoTrainingFiles() throws {
    let run = try scene.train(Self.recipe)
    for part in ["images-idx3", "labels-idx1"] {
      try FileManager.default.removeItem(atPath: "\(data)/train-\(part)-ubyte")
    }
    let result = try lockstep(["evaluate", run.path, "--data", data])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.conclusion == "dataset \(data)\n\(run.accuracyLine)\n")
  }

  /// As torchvision leaves them.
  @Test(arguments: [nil, 3]) func aFolderFurtherDownIsNamed(ranks: Int?) throws {
    let reference = try train(["--quiet"])
    try FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: data + "/MNIST/raw", withIntermediateDirectories: true)
    for name in try FileManager.default.contentsOfDirectory(atPath: data) where name.hasSuffix("ubyte") {
      try FileManager.default.moveItem(atPath: "\(data)/\(name)", toPath: "\(data)/MNIST/raw/\(name)")
    }
    let result = try train(["--quiet"], ranks: ranks)
    #expect(figures(result) == figures(reference) && result.status == 0)
    #expect(result.output.hasPrefix("dataset \(data)/MNIST/raw\n"))
    #expect(result.errors == "lockstep: the dataset is taken from \(data)/MNIST/raw\n")
  }

  @Test(arguments: [nil, 3]) func labelsAlikeAreToldOnce(ranks: Int?) throws {
    for (part, count) in [("train", 2000), ("t10k", 300)] {
      let name = "data/\(part)-labels-idx1-ubyte"
      try scene.scratch.write(scene.scratch.data(name).prefix(8) + Data(repeating: 1, count: count), to: name)
    }
    let result = try train(["--quiet"], ranks: ranks)
    #expect(result.status == 0)
    #expect(warnings(result).count == 1 && result.errors.contains("all labels are 1"), "\(result.errors)")
  }

  @Test func oneHotLabelsAreTheSameClasses() throws {
    let reference = try train(["--quiet"])
    try FileManager.default.removeItem(atPath: path)
    for part in ["train", "t10k"] {
      let name = "data/\(part)-labels-idx1-ubyte"
      let labels = try scene.scratch.data(name)
      var file = Data([0, 0, 8, 2]) + labels[4..<8] + Data([0, 0, 0, 10])
      for label in labels.dropFirst(8) { file += Data((0..<10).map { $0 == label ? 1 : 0 }) }
      try scene.scratch.write(file, to: name)
    }
    let result = try train(["--quiet"])
    #expect(result.output == reference.output)
    #expect(warnings(result).isEmpty && result.errors.contains("one-hot labels of 10 columns"))
  }

  /// Of ranks on one node, each with files of its own: what one of them reads is what all of them use.
  @Test(arguments: [false, true]) func filesOfEachRank(isMapped: Bool) throws {
    let images = "data/train-images-idx3-ubyte"
    var bytes = try scene.scratch.data(images)
    bytes.resetBytes(in: bytes.count / 2..<bytes.count)
    try scene.scratch.write(bytes, to: images)
    let reference = try scene.train(Self.recipe + ["--quiet"])
    let train = ["train"] + Self.recipe + ["--quiet", "--output", path, "--data"]
    let result = try mpirun(
      [RankGroup(1, train + [scene.data]), RankGroup(1, train + [data])],
      environment: isMapped ? Self.noCopy : [:])
    if isMapped {
      expect(result, status: 65, naming: ["found other data on", "(rank 1)"])
    } else {
      #expect(result.status == 0 && result.output == reference.result.output, "\(result.errors)")
    }
  }

  @Test(arguments: [nil, 3]) func mappedDataGiveTheSameBits(ranks: Int?) throws {
    let reference = try scene.train(Self.recipe)
    let result = try train(ranks: ranks, environment: Self.noCopy)
    #expect(figures(result) == figures(reference.result), "\(result.errors)")
  }

  /// What happens to a file once it is loaded is of no matter.
  @Test(arguments: [1, 3]) func aCopyIsNotTheFile(ranks: Int) throws {
    let result = try scene.job(
      ["train", "--data", data, "--output", path, "--quiet"] + Self.recipe + ["--epochs", "1000000"],
      ranks: ranks,
      beside: """
        wait_for grep epoch.: run/metrics.jsonl
        : > data/train-images-idx3-ubyte; rm data/t10k-images-idx3-ubyte
        before=$(wc -l < run/metrics.jsonl)
        wait_for sh -c "[ \\$(wc -l < run/metrics.jsonl) -gt $((before + 9)) ]"
        kill -USR1 $job
        """)
    #expect(result.status == 75, "\(result.errors)")
    #expect(result.errors.contains("is safe"), "\(result.errors)")
  }

  /// A rank's status may be lost with MPICH where the rank cannot tell it.
  @Test(
    arguments: [": >", "printf x | dd conv=notrunc bs=1 seek=5000 of="], Library.isOpenMPI ? [1, 3] : [1])
  func mappedDataThatChange(command: String, ranks: Int) throws {
    let result = try scene.job(
      ["train", "--data", data, "--output", path, "--quiet"] + Self.recipe + ["--epochs", "1000000"],
      ranks: ranks, environment: Self.noCopy,
      beside: """
        wait_for grep epoch.: run/metrics.jsonl
        \(command)data/train-images-idx3-ubyte 2>dd.log
        """)
    expect(result, status: 65, naming: [data + "/train-images-idx3-ubyte", "the run began with", "--resume"])
  }
}
