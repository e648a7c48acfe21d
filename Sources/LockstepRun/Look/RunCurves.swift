import LockstepStorage
import LockstepSupport

/// Loss and accuracy, or R2, of runs over their epochs, for a terminal.
public struct RunCurves {
  private let runs: [(name: String, history: RunHistory)]

  /// The runs in directories, which may still be training.
  ///
  /// - Throws: LockstepError (.data) naming the one that is no run.
  public init(of directories: [String]) throws {
    let names = directories.map { String($0.split(separator: "/").last ?? "/") }
    let isClear = Set(names).count == names.count
    self.init(
      of: try zip(isClear ? names : directories, directories).map {
        (oneLine($0), try RunHistory(directory: $1))
      })
  }

  package init(of runs: [(name: String, history: RunHistory)]) { self.runs = runs }

  /// The plots, and a line for each run with its last figures.
  public func text(columns: Int, colours: Bool) -> String {
    let plots = runs.count == 1 ? plots(of: runs[0].history) : comparison
    let drawn = plots.map { $0.rows(columns: columns, colours: colours) }.filter { !$0.isEmpty }
    let lines = drawn.joined(separator: [""]) + (drawn.isEmpty ? [] : [""]) + runs.map(Self.summary)
    return lines.map { $0 + "\n" }.joined()
  }

  /// Training, validation and test of one run; before its second epoch, the loss of its steps.
  private func plots(of history: RunHistory) -> [LinePlot] {
    guard history.events("epoch").count > 1 else {
      return [
        LinePlot(
          title: "loss of single batches", axis: "step",
          lines: [line("training", history.events("step"), "step", "train_loss")], format: Self.loss)
      ]
    }
    return Self.quantities.map { quantity in
      let lines = Self.parts.map { part in
        line(Self.title(part), of: history, "\(part)_\(quantity)")
      }
      return plot(of: quantity, title: Self.title(quantity), lines.filter { !$0.points.isEmpty })
    }
  }

  /// The same quantity of all runs: on validation samples if all have some, else test samples, else training.
  private var comparison: [LinePlot] {
    let part = ["validation", "test"].first { part in
      runs.allSatisfy { $0.history.events("epoch").contains { $0["\(part)_loss"] != nil } }
    }
    return Self.quantities.map { quantity in
      plot(
        of: quantity, title: "\(part ?? "training") \(Self.title(quantity))",
        runs.map { line($0.name, of: $0.history, "\(part ?? "train")_\(quantity)") })
    }
  }

  private func plot(of quantity: String, title: String, _ lines: [LinePlot.Line]) -> LinePlot {
    LinePlot(
      title: title, axis: "epoch", lines: lines,
      format: quantity == "accuracy" ? { percent($0) } : { Self.loss($0) }
    )
  }

  private func line(_ name: String, of history: RunHistory, _ quantity: String) -> LinePlot.Line {
    line(name, history.events("epoch"), "epoch", quantity)
  }

  private func line(_ name: String, _ events: [RunHistory.Event], _ x: String, _ y: String) -> LinePlot.Line {
    LinePlot.Line(
      name: name,
      points: events.compactMap { event in
        event[x].flatMap { x in event[y].map { LinePlot.Point(x: x, y: $0) } }
      })
  }

  /// "mlp-1: epoch 8 of 8, loss 0.0312, training 99.10%, test 98.30%"
  private static func summary(_ run: (name: String, history: RunHistory)) -> String {
    let (name, history) = run
    guard let last = history.events("epoch").last, let epoch = last["epoch"] else {
      let step = history.events.compactMap { $0["step"] }.last
      return "\(name): no epoch is over" + (step.map { ", step \(fixed($0, 0))" } ?? "")
    }
    let epochs = history.events("start").last?["epochs"].map { " of \(fixed($0, 0))" } ?? ""
    let accuracies = parts.compactMap { part in
      (last["\(part)_accuracy"].map(percent) ?? last["\(part)_r2"].map { "R2 \(loss($0))" })
        .map { "\(title(part)) \($0)" }
    }
    let end = history.events("end").isEmpty ? history.events("error").last?.text("reason") : nil
    return "\(name): epoch \(fixed(epoch, 0))\(epochs)"
      + (last["train_loss"].map { ", loss \(loss($0))" } ?? "")
      + accuracies.map { ", " + $0 }.joined() + (end.map { "; ended by: \(oneLine($0))" } ?? "")
  }

  private static let quantities = ["loss", "accuracy", "r2"]
  private static let parts = ["train", "validation", "test", "ema_validation", "ema_test"]

  /// Of a part or a quantity: "ema_test" is of the averaged weights.
  private static func title(_ name: String) -> String {
    switch name {
    case "train": "training"
    case "r2": "R2"
    default: name.hasPrefix("ema_") ? "\(name.dropFirst(4)) of averaged weights" : name
    }
  }

  /// Those of numbers may be of any magnitude.
  private static func loss(_ value: Double) -> String {
    value != 0 && !(1e-3...1e6 ~= abs(value)) ? significant(value, 4) : fixed(value, 4)
  }
}
