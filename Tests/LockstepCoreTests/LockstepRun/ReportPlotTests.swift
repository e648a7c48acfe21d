import Foundation
import LockstepCore
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif

@Suite struct ReportPlotTests {
  @Test func placesOnAnAxis() {
    let linear = PlotScale([2, 4, 3])
    #expect([2, 3, 4].map(linear.place) == [0, 0.5, 1] && !linear.isLogarithmic)
    #expect(linear.ticks.first! >= 2 && linear.ticks.last! <= 4 && linear.ticks.count > 2)
    let logarithmic = PlotScale([0.01, 1], mayBeLogarithmic: true)
    #expect(logarithmic.isLogarithmic && abs(logarithmic.place(0.1) - 0.5) < 1e-12)
    #expect(logarithmic.ticks.contains { abs($0 - 0.1) < 1e-12 })
    #expect(!PlotScale([0, 1], mayBeLogarithmic: true).isLogarithmic)
    // Equal values lie in the middle.
    #expect(PlotScale([5, 5]).place(5) == 0.5)
    #expect(PlotScale([0, 0]).place(0) == 0.5)
  }

  /// However far apart values are, there are ticks, and not thousands of them.
  @Test(arguments: [
    [-1e300, 1e300] as [Double], [1e-300, 1e300], [1, 1 + 1e-15], [-5, -5], [0, 1e-308], [1e18, 2e18],
  ])
  func ticksOfAnything(values: [Double]) {
    for mayBe in [false, true] {
      let scale = PlotScale(values, mayBeLogarithmic: mayBe)
      #expect(scale.ticks.count < 30, "\(values)")
      #expect(values.allSatisfy { 0...1 ~= scale.place($0) }, "\(values)")
    }
  }

  /// Texts of others are no part of the page.
  @Test func namesAreEscaped() throws {
    let name = "</script><script>alert(1)</script> & \"quotes\" \u{1}"
    let points = [LinePlot.Point(x: 1, y: 2), LinePlot.Point(x: 2, y: .nan), LinePlot.Point(x: 3, y: 1e-7)]
    var html = HTML()
    ReportPlot(title: name, axis: "epoch", unit: .number, lines: [.init(name: name, points: points)])
      .add(to: &html)
    let text = html.text
    #expect(
      text.components(separatedBy: "<script").count == 2
        && text.components(separatedBy: "</script>").count == 2)
    #expect(text.contains("[[1.0,2.0],[3.0,1e-07]]"), "\(text)")
    let parser = XMLParser(data: Data(text.utf8))
    #expect(parser.parse(), "\(String(describing: parser.parserError)): \(text)")
    // Nothing to draw is no plot.
    var empty = HTML()
    ReportPlot(title: "a", axis: "b", unit: .rate, lines: [.init(name: "c", points: [])]).add(to: &empty)
    #expect(empty.text.isEmpty)
  }

  @Test func manyPointsAreThinned() throws {
    let points = (0...10_000).map { LinePlot.Point(x: Double($0), y: Double($0 * $0)) }
    var html = HTML()
    ReportPlot(title: "a", axis: "step", unit: .number, lines: [.init(name: "b", points: points)]).add(
      to: &html)
    #expect(html.text.utf8.count < 50_000 && html.text.contains("[10000.0,100000000.0]"))
  }
}
