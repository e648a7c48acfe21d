import LockstepCore
import Testing

@Suite struct LinePlotTests {
  private func plot(_ lines: (name: String, values: [Double])...) -> LinePlot {
    LinePlot(
      title: "loss", axis: "epoch",
      lines: lines.map { name, values in
        LinePlot.Line(
          name: name, points: values.enumerated().map { .init(x: Double($0.offset + 1), y: $0.element) })
      }, format: { fixed($0, 1) })
  }

  @Test func aLineFallsFromCornerToCorner() {
    var plot = plot(("train", [4, 3, 2, 1]))
    plot.height = 2
    #expect(
      plot.rows(columns: 21, colours: false) == [
        "loss",
        "4.0 ┤▀▜▄▄▄▖    ",
        "1.0 ┤     ▀▀▀▙▄ train",
        "    └──────────",
        "     epoch 1  4",
      ])
  }

  /// Whatever the values, no row is wider than asked for, and each has its place.
  @Test(arguments: [40, 60, 80, 200])
  func rowsFit(columns: Int) {
    let plots = [
      plot(("training", (1...50).map { 1 / Double($0) }), ("validation", (1...50).map { 2 / Double($0) })),
      plot(("a run with a very long name that goes on and on and on and on", [1, 1, 1])),
      plot(("a", [.nan, 1, .infinity, 2]), ("b", [1e300, -1e300]), ("c", [])),
    ]
    for plot in plots {
      let rows = plot.rows(columns: columns, colours: false)
      #expect(rows.count == plot.height + 3)
      #expect(rows.allSatisfy { $0.columns <= columns }, "\(rows.map(\.columns))")
      #expect(rows[0] == "loss" && rows.last!.contains("epoch 1"))
    }
  }

  @Test func withoutTwoPointsThereIsNone() {
    #expect(plot(("a", [1])).rows(columns: 80, colours: false).isEmpty)
    #expect(plot(("a", [1, .nan]), ("b", [])).rows(columns: 80, colours: false).isEmpty)
    #expect(plot().rows(columns: 80, colours: false).isEmpty)
  }

  @Test func namesStandWhereLinesEnd() {
    let rows = plot(("up", [0, 9]), ("down", [9, 0])).rows(columns: 60, colours: false)
    #expect(rows[1].hasSuffix(" up") && rows[8].hasSuffix(" down"))
    let colours = plot(("up", [0, 9]), ("down", [9, 0])).rows(columns: 60, colours: true)
    #expect(colours[1].hasSuffix("\u{1B}[36mup\u{1B}[0m") && colours[8].hasSuffix("\u{1B}[35mdown\u{1B}[0m"))
    #expect(colours.map { $0.replacing(/\u{1B}\[[0-9]+m/, with: "") } == rows)
    // Two that end in one place.
    let both = plot(("a", [0, 5]), ("b", [9, 5])).rows(columns: 60, colours: false).filter {
      $0.hasSuffix(" a") || $0.hasSuffix(" b")
    }
    #expect(both.count == 2)
  }
}
