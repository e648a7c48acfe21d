import LockstepCore
import Testing

@Suite struct RunHistoryTests {
  private let log = """
    {"event":"start","dataset":"data, \\"my\\" own","epochs":2,"ranks":1}
    {"event":"epoch","epoch":1,"step":10,"train_loss":0.5,"train_accuracy":0.75,"seconds":null}
    {"event":"step","epoch":2,"st
    [1,2]
    {"event":"epoch","epoch":2,"step":20,"train_loss":1e-3,"train_accuracy":1,"clamped_gradients":3}
    {"event":"epoch","epoch":3
    """

  @Test func linesThatAreNoneAreLeftOut() {
    let history = RunHistory(log: Array(log.utf8))
    #expect(history.events.map(\.kind) == ["start", "epoch", "epoch"])
    #expect(history.events("start")[0].text("dataset") == #"data, "my" own"#)
    let epochs = history.events("epoch")
    #expect(epochs.map { $0["train_loss"] } == [0.5, 0.001])
    #expect(epochs[0]["seconds"] == nil && epochs[0]["absent"] == nil && epochs[0].text("epoch") == nil)
    #expect(
      epochs[1].members.map(\.name)
        == ["event", "epoch", "step", "train_loss", "train_accuracy", "clamped_gradients"])
    #expect(RunHistory(log: []).events.isEmpty)
    let steps = Array((log + "\n" + #"{"event":"step","step":1}"# + "\n").utf8)
    #expect(
      RunHistory(log: steps).events.count == 4 && RunHistory(log: steps, hasSteps: false).events.count == 3)
  }

  @Test func tableForSpreadsheets() throws {
    let history = RunHistory(log: Array(log.utf8))
    #expect(
      try MetricsTable.csv(history, kind: "epoch", path: "run") == """
        event,epoch,step,train_loss,train_accuracy,seconds,clamped_gradients
        epoch,1,10,0.5,0.75,,
        epoch,2,20,0.001,1,,3

        """)
    let all = try MetricsTable.csv(history, path: "run").split(separator: "\n")
    #expect(all.count == 4 && all[1] == #"start,"data, ""my"" own",2,1,,,,,,"#)
    let none = #expect(throws: LockstepError.self) {
      try MetricsTable.csv(history, kind: "steps", path: "run")
    }
    #expect(none?.found == "those of epoch, start")
    let names = (0..<1001).map { "{\"event\":\"x\",\"n\($0)\":1}" }.joined(separator: "\n")
    #expect(throws: LockstepError.self) {
      try MetricsTable.csv(RunHistory(log: Array(names.utf8)), path: "run")
    }
  }

  @Test func directoriesThatAreNoRuns() throws {
    let scratch = try TemporaryDirectory()
    let absent = #expect(throws: LockstepError.self) { try RunHistory(directory: scratch.path) }
    #expect(absent?.found == "none there" && absent?.kind == .data)
    _ = try scratch.write(Array("\n{}\n".utf8), as: "metrics.jsonl")
    let empty = #expect(throws: LockstepError.self) { try RunHistory(directory: scratch.path) }
    #expect(empty?.found == "no line of them")
  }
}
