import LockstepSupport
import LockstepTraining

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension RunReport {
  /// A matrix of more classes is a list of the most frequent confusions.
  private static let mostClassesOfMatrix = 30
  private static let mostClassesListed = 200
  private static let mostConfusions = 30

  /// Confusion matrix, figures of each class, and confident mistakes.
  func addResults(of view: ModelView, to html: inout HTML) {
    guard let report = view.report else { return addErrors(of: view, to: &html) }
    let occurring = report.classes.indices.filter { report.classes[$0].occurs }
    section("What is taken for what", &html) { html in
      let source = view.checkpointStep.map { ", by the newest checkpoint, of step \($0)" } ?? ""
      html.element("p", [:], "Of the \(report.evaluation.count) \(view.part) samples\(source).")
      if occurring.count <= Self.mostClassesOfMatrix {
        addMatrix(report, occurring, to: &html)
      } else {
        addConfusions(report, to: &html)
      }
    }
    section("Classes", &html) { html in addClasses(report, to: &html) }
    section("The most confident mistakes", &html) { html in
      if view.mistakes.isEmpty { html.element("p", [:], "There is none.") }
      gallery(
        view.mistakes.map { mistake, sample in
          let title = { report.title($0) }
          return (
            sample.picture,
            "\(title(mistake.label)) taken for \(title(mistake.predicted)), \(percent(mistake.probability))",
            "sample \(mistake.sample); \(title(mistake.label)) has \(percent(mistake.ofLabel))"
          )
        }, &html)
    }
  }

  /// The errors of each column.
  private func addErrors(of view: ModelView, to html: inout HTML) {
    guard let evaluation = view.evaluation, let errors = evaluation.errors else { return }
    section("Errors", &html) { html in
      func row(_ name: String, _ column: RegressionErrors.Column) -> [String] {
        [name] + [column.meanAbsolute, column.rootMeanSquare].map { significant($0, 4) } + [
          fixed(column.r2, 4)
        ]
      }
      let shown = errors.columns.prefix(Self.mostClassesListed)
      html.table(
        caption: "Of the \(evaluation.count) \(view.part) samples, in the unit of the targets",
        head: ["target", "mean absolute error", "root mean square error", "R2"],
        rows: shown.enumerated().map { row("\($0)", $1) }
          + (shown.count > 1 ? [row("mean", errors.mean)] : []))
    }
  }

  private func addMatrix(_ report: ClassificationReport, _ occurring: [Int], to html: inout HTML) {
    let counts = Dictionary(
      uniqueKeysWithValues: report.confusions.map { ([$0.actual, $0.predicted], $0.count) })
    let caption = "Confusion matrix: rows are actual, columns predicted classes"
    html.element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) {
      html in
      html.element("table", ["class": "matrix"]) { html in
        html.element("caption", [:], caption)
        html.element("tr") { html in
          html.element("td")
          for number in occurring { html.element("th", ["scope": "col"], report.title(number)) }
        }
        for actual in occurring {
          html.element("tr") { html in
            html.element("th", ["scope": "row"], report.title(actual))
            for predicted in occurring {
              let count = counts[[actual, predicted]] ?? 0
              let share = Double(count) / Double(max(report.classes[actual].samples, 1))
              // A square root, because mistakes are few.
              let strength = fixed(100 * (actual == predicted ? share * share : share).squareRoot(), 0)
              html.element(
                "td",
                [
                  "class": actual == predicted ? "hit" : "miss", "style": "--s:\(strength)%",
                  "title":
                    "\(report.title(actual)) taken for \(report.title(predicted)): \(count), \(percent(share))",
                ], count == 0 ? "" : "\(count)")
            }
          }
        }
      }
    }
  }

  private func addConfusions(_ report: ClassificationReport, to html: inout HTML) {
    let mistakes = report.mistakes
    guard !mistakes.isEmpty else { return html.element("p", [:], "No class is taken for another.") }
    html.table(
      caption: "The most frequent confusions", head: ["class", "taken for", "samples", "of"],
      rows: mistakes.prefix(Self.mostConfusions).map {
        [
          report.title($0.actual), report.title($0.predicted), "\($0.count)",
          "\(report.classes[$0.actual].samples)",
        ]
      })
  }

  private func addClasses(_ report: ClassificationReport, to html: inout HTML) {
    func text(_ figure: Double?) -> String { figure.map(percent) ?? "-" }
    let shown =
      report.classes.count <= Self.mostClassesListed
      ? Array(report.classes.indices)
      : Array(
        report.classes.indices.filter { report.classes[$0].samples > 0 }
          .sorted { (report.classes[$0].f1 ?? 0, $0) < (report.classes[$1].f1 ?? 0, $1) }
          .prefix(Self.mostClassesListed))
    let rows = shown.map { number in
      let figures = report.classes[number]
      return [report.title(number), "\(figures.samples)", "\(figures.predicted)"]
        + [figures.precision, figures.recall, figures.f1].map(text)
    }
    let means =
      ["all", "\(report.evaluation.count)", ""]
      + [report.macro.precision, report.macro.recall, report.macro.f1].map(text)
    html.table(
      caption: shown.count < report.classes.count
        ? "The \(shown.count) classes with the lowest F1, and the mean of all"
        : "Each class, and the mean of all",
      head: ["class", "samples", "predicted", "precision", "recall", "F1"], rows: rows + [means])
  }

  /// The first batch.
  func addPictures(of view: ModelView, to html: inout HTML) {
    guard view.batch.contains(where: { $0.picture != nil }) else { return }
    section("The first batch\(view.isAugmented ? ", augmented" : "")", &html) { html in
      html.element(
        "p", [:],
        "As it was trained on\(view.isAugmented ? ", each sample changed at random" : "")"
          + (view.isMixed ? ", and mixed with some of another one." : "."))
      gallery(view.batch.map { ($0.picture, $0.title, nil) }, &html)
    }
  }

  /// The first layer as pictures, and how far each tensor has moved.
  func addWeights(of view: ModelView, to html: inout HTML) {
    section("Weights", &html) { html in
      if !view.firstLayer.isEmpty {
        html.element(
          "p", [:],
          "The first layer's, the first \(view.firstLayer.count) of its outputs: orange where they are positive, blue "
            + "where negative.")
        gallery(
          view.firstLayer.enumerated().map { ($1, "\($0)", nil) }, &html)
      }
      html.table(
        caption: "How far weights have moved from their initial values, in the size of these",
        head: ["tensor", "shape", "moved by", "largest"],
        rows: view.tensors.map { tensor in
          [
            tensor.name, tensor.shape.map(String.init).joined(separator: " x "),
            tensor.change.map { percent($0) } ?? "-", significant(Double(tensor.largest)),
          ]
        })
    }
  }

  private func gallery(
    _ items: [(picture: PNGFile?, text: String, note: String?)], _ html: inout HTML
  ) {
    html.element("ul", ["class": "gallery"]) { html in
      for item in items {
        html.element("li") { html in
          if let picture = item.picture {
            html.void(
              "img",
              [
                "src": "data:image/png;base64," + Data(picture.bytes).base64EncodedString(),
                "alt": "\(item.text)",
              ])
          }
          html.element("span", [:], item.text)
          if let note = item.note { html.element("small", [:], note) }
        }
      }
    }
  }
}
