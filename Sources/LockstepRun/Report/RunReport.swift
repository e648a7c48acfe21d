import LockstepStorage
import LockstepSupport

/// A page about one run, or one that compares several: a single file of HTML that needs nothing else.
struct RunReport {
  let runs: [ReportedRun]
  /// What there is to see of the model of a single run.
  var view: ModelView?
  /// A ranking of many, of which the runs are the best.
  var ranking: String?
  /// Why there is no view.
  var lacking: String?

  /// The reason of a run that failed early.
  static let failed = "The training failed before there was a model to look at."

  /// What the file begins with, by which it is known as one of ours.
  static let mark = "<!DOCTYPE html>\n<!-- A report by Lockstep"

  /// What a report's first lines say where it shows what a model makes of samples.
  private static let withView = ", with samples"

  /// Whether a report of a single run has pictures and figures of classes.
  static func hasView(_ bytes: [UInt8]) -> Bool {
    let line = bytes.dropFirst(mark.utf8.count).prefix { $0 != UInt8(ascii: "\n") }
    return String(decoding: line, as: UTF8.self).contains(withView)
  }

  /// Names by which runs are told apart.
  var names: [String] {
    if ranking != nil { return runs.map { "trial \($0.name)" } }
    let names = runs.map(\.name)
    return Set(names).count == names.count ? names : runs.map(\.path)
  }

  /// The file.
  var html: String {
    var html = HTML()
    html.raw(Self.mark + " \(Build.version)\(view == nil ? "" : Self.withView) -->\n")
    html.element("html", ["lang": "en"]) { html in
      html.element("head") { html in head(&html) }
      html.element("body") { html in
        if runs.count == 1, ranking == nil { addOne(runs[0], to: &html) } else { addComparison(to: &html) }
        html.element("footer", [:], "Lockstep \(Build.version). This page is one file and loads nothing.")
        html.raw("<script>/*<![CDATA[*/\n\(Self.resource(PackageResources.report_js))/*]]>*/</script>")
      }
    }
    return html.text + "\n"
  }

  private func head(_ html: inout HTML) {
    html.void("meta", ["charset": "utf-8"])
    html.void("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
    html.void("meta", ["name": "color-scheme", "content": "light dark"])
    // Nothing of it may come from elsewhere.
    html.void(
      "meta",
      [
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
      ])
    html.void("link", ["rel": "icon", "href": "data:,"])
    html.element("title", [:], "\(names.prefix(3).joined(separator: ", ")) - Lockstep")
    html.raw("<style>/*<![CDATA[*/\n\(Self.resource(PackageResources.report_css))/*]]>*/</style>")
  }

  private static func resource(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

  private func addOne(_ run: ReportedRun, to html: inout HTML) {
    html.element("header") { html in
      html.element("h1", [:], run.name)
      addStory(of: run, ["class": "story"], to: &html)
      html.element("dl", ["class": "figures"]) { html in
        for (name, value) in run.keyFigures {
          html.element("div") { html in
            html.element("dt", [:], name)
            html.element("dd", [:], value)
          }
        }
      }
    }
    html.element("main") { html in
      if !run.history.events("step").isEmpty || !run.epochs.isEmpty {
        section("Curves", &html) { html in for plot in run.plots { plot.add(to: &html) } }
      }
      if !run.epochs.isEmpty { section("Time", &html) { html in addTime(of: run, to: &html) } }
      if let view {
        addResults(of: view, to: &html)
        addPictures(of: view, to: &html)
        addWeights(of: view, to: &html)
      } else if let lacking {
        section("Samples", &html) { html in html.element("p", [:], lacking) }
      }
      section("How to get it again", &html) { html in addFacts(of: run, to: &html) }
    }
  }

  /// What happened, and what is bad about it.
  func addStory(of run: ReportedRun, _ attributes: KeyValuePairs<String, String> = [:], to html: inout HTML) {
    let findings = Finding.all(in: run.history, view)
    html.element(
      "p", attributes, RunStory.sentences(of: run.history, view, findings).joined(separator: " "))
    guard !findings.isEmpty else { return }
    html.element("ul", ["class": "findings"]) { html in
      for finding in findings { html.element("li", [:], "It is bad because: \(finding.text).") }
    }
  }

  /// A part of the page with a heading.
  func section(_ title: String, _ html: inout HTML, _ content: (inout HTML) -> Void) {
    html.element("section") { html in
      html.element("h2", [:], title)
      content(&html)
    }
  }
}
