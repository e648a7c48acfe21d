import Foundation
import LockstepRanks
import Testing

/// `--trace FILE`: what each rank's threads did, for Perfetto.
@Suite struct TraceTests {
  /// 20 steps an epoch, of layers that are computed in different ways.
  static let recipe = [
    "--network", "conv 4 3x3, relu, maxpool 2, flatten, dense 16, relu, dense classes", "--batch-size", "100",
    "--epochs", "2", "--checkpoint-every", "7", "--quiet",
  ]

  let scene: TrainingScene
  let file: String

  init() throws {
    scene = try TrainingScene()
    file = scene.scratch.file("trace.json")
  }

  private var trace: [String] { ["--trace", file] }

  @Test(arguments: [nil, 1, 3], ["shared", "allreduce"])
  func everyThreadHasARow(ranks: Int?, exchange: String) throws {
    let recipe = Self.recipe + ["--exchange", exchange]
    let run = try scene.train(recipe + trace, ranks: ranks, threads: 2)
    #expect(run.digest == (try scene.train(Self.recipe)).digest)
    #expect(run.result.errors == "")
    let found = try TraceFile(file)
    #expect(found.processes.keys.sorted() == Array(0..<(ranks ?? 1)))
    for (rank, name) in found.processes {
      #expect(name.wholeMatch(of: #/rank \d+ \(.+\)/#) != nil && name.hasPrefix("rank \(rank) ("), "\(name)")
      #expect(found.threads[rank] == ["main thread", "thread 1", "background"])
      let main = found.rows[.init(rank: rank, thread: 0)] ?? []
      #expect(main.filter { $0.name == "step" }.map(\.step) == Array(1...40))
      #expect(main.filter { $0.name == "evaluate" }.map(\.step) == [20, 40])
      let names = Set(main.map(\.name))
      #expect(
        names.isSuperset(of: [
          "load data", "load batch", "forward layers.0", "loss", "backward layers.4", "weight gradients",
          "compare replicas",
        ]), "\(names)")
      #expect(names.isSuperset(of: ["exchange", "update"]) == ((ranks ?? 1) > 1), "\(names)")
    }
    // On a busy machine the main thread of one rank may be done before its second thread has begun, in all steps.
    #expect(found.rows.contains { $0.key.thread == 1 && !$0.value.isEmpty })
    let written = found.rows[.init(rank: 0, thread: 2)]?.map(\.step)
    #expect(written == [7, 14, 20, 21, 28, 35, 40])
    for row in found.rows.values { expectNested(row) }
    try expectInReadme(Set(found.rows.values.joined().map(\.name)))
  }

  /// No span ends after one that was open when it began.
  private func expectNested(_ row: [TraceFile.Span]) {
    var open: [TraceFile.Span] = []
    for span in row.sorted(by: { ($0.start, $1.end) < ($1.start, $0.end) }) {
      while let last = open.last, last.end <= span.start { open.removeLast() }
      if let last = open.last { #expect(span.end <= last.end, "\(span) overlaps \(last)") }
      open.append(span)
    }
  }

  /// README says what each name means.
  private func expectInReadme(_ names: Set<String>) throws {
    let readme = try String(contentsOfFile: Repository.root + "/README.md", encoding: .utf8)
    for name in names {
      let general = name.replacing(#/layers\.\d+$/#, with: "layers.N").replacing(#/ \(\w+\)$/#, with: "")
      #expect(readme.contains("`\(general)`"), "README.md does not explain '\(name)'")
    }
  }

  @Test func allCollectiveCallsAreInReadme() throws {
    try expectInReadme(Set(CollectiveCall.Kind.allCases.map(\.description)))
  }

  /// Several nodes: their ranks measure each other's clocks.
  @Test func ofSeveralNodes() throws {
    let output = scene.scratch.file("run")
    let arguments =
      ["train", "--data", scene.data, "--output", output, "--threads", "1"] + Self.recipe + trace
    let result = try lockstep(arguments, ranksOfNodes: [2, 1])
    #expect(result.status == 0, "\(result.errors)")
    let found = try TraceFile(file)
    #expect(found.labels.keys.sorted() == [2])
    #expect(
      found.labels[2]?.wholeMatch(of: #/clock within \d+\.\d{3} us of rank 0's/#) != nil, "\(found.labels)")
    try expectSteps(40, ranks: 3)
  }

  @Test(arguments: [nil, 3]) func ofARunThatStops(ranks: Int?) throws {
    let arguments = ["train", "--data", scene.data, "--output", scene.scratch.file("run"), "--threads", "1"]
    let result = try lockstep(
      arguments + Self.recipe + trace, ranks: ranks, environment: ["LOCKSTEP_FAULT_SIGNAL": "\(SIGUSR1):30"])
    expect(result, status: 75, naming: ["after step 30 of 40"])
    try expectSteps(30, ranks: ranks)
  }

  /// In the run directory, which the run itself makes.
  @Test(arguments: [nil, 3]) func ofARunThatFails(ranks: Int?) throws {
    let path = scene.scratch.file("run")
    let arguments = [
      "train", "--data", scene.data, "--output", path, "--trace", path + "/trace.json", "--quiet",
    ]
    let result = try lockstep(arguments + ["--lr", "1000000", "--threads", "1"], ranks: ranks)
    #expect(result.status == 1 && result.errors.contains("training has diverged"), "\(result.errors)")
    #expect(try TraceFile(path + "/trace.json").processes.count == ranks ?? 1)
    #expect(try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.contains("tmp") } == [])
  }

  private func expectSteps(_ steps: Int, ranks: Int?) throws {
    let found = try TraceFile(file)
    for rank in 0..<(ranks ?? 1) {
      let main = found.rows[.init(rank: rank, thread: 0)] ?? []
      #expect(main.filter { $0.name == "step" }.map(\.step) == Array(1...steps))
    }
  }

  /// Found out before the first step.
  @Test(arguments: [nil, 3]) func aFileThatCannotBeWritten(ranks: Int?) throws {
    let path = scene.scratch.file("run")
    let arguments = ["train", "--data", scene.data, "--output", path, "--model", "linear", "--quiet"]
    for (name, text) in [("absent/trace.json", "there is no directory"), ("digits", "a directory")] {
      let trace = scene.scratch.file(name)
      expect(
        try lockstep(arguments + ["--trace", trace], ranks: ranks), status: 1,
        naming: [trace, text, "--trace"])
      #expect(!FileManager.default.fileExists(atPath: path + "/metrics.jsonl"))
    }
    expect(
      try lockstep(arguments + ["--trace", ""], ranks: ranks), status: 64,
      naming: ["--trace: expected a file"])
    let input = scene.scratch.file("digits/train-images-idx3-ubyte")
    expect(
      try lockstep(arguments + ["--trace", input], ranks: ranks), status: 64, naming: ["--trace \(input)"])
  }
}
