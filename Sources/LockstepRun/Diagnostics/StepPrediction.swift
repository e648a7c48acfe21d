import LockstepSupport
import LockstepTraining

/// The steps of a recipe: what was measured, what is predicted, and what follows.
package struct StepPrediction: Sendable {
  package var title: String
  package var model: StepModel
  package var reduction: Reduction
  /// Those that the model is made from, and those that it is compared with.
  package var timings: [StepTiming]
  /// Ranks of a full node.
  package var ranksOfNode: Int

  package init(
    title: String, model: StepModel, reduction: Reduction, timings: [StepTiming], ranksOfNode: Int
  ) {
    (self.title, self.model, self.reduction) = (title, model, reduction)
    (self.timings, self.ranksOfNode) = (timings, ranksOfNode)
  }

  private static let counts = (1...10).map { 1 << $0 }

  /// Nodes full of ranks, the last one with the rest.
  private func layout(_ ranks: Int) -> [Int] {
    let (full, rest) = ranks.quotientAndRemainder(dividingBy: ranksOfNode)
    return [Int](repeating: ranksOfNode, count: full) + (rest > 0 ? [rest] : [])
  }

  /// Whether the model is made from it: then it is no prediction.
  private func isConstant(_ timing: StepTiming) -> Bool { timing.ranks <= 2 }

  package var lines: [(String, String)] {
    var lines = [("recipe", title)]
    for timing in timings {
      var text = "\(milliseconds(timing.seconds)), noise \(percent(timing.noise))"
      if !isConstant(timing), let predicted = model.seconds(layout: timing.layout) {
        let error = predicted / timing.seconds - 1
        text += "; predicted \(milliseconds(predicted)), \(error < 0 ? "" : "+")\(percent(error))"
      }
      lines.append(("step, " + timing.place, text))
    }
    let predictions = Self.counts.compactMap { ranks in
      model.seconds(layout: layout(ranks)).map { "\(milliseconds($0)) on \(ranks)" }
    }
    if !predictions.isEmpty {
      lines.append(("predicted step", predictions.joined(separator: ", ") + " ranks"))
    }
    return lines + [("so", verdict)]
  }

  /// The sentence that matters.
  package var verdict: String {
    let limit = "with \(model.microBatches) micro-batches no more than \(model.microBatches) ranks can help"
    guard let network = model.network,
      let one = model.seconds(layout: [ranksOfNode]) ?? timings.first?.seconds
    else {
      let best = Self.counts.compactMap { ranks in
        ranks <= ranksOfNode ? model.seconds(layout: [ranks]).map { (ranks, $0) } : nil
      }.min { $0.1 < $1.1 }
      let gain = best.map { model.alone.all / $0.1 } ?? 1
      let here =
        gain > 1.05
        ? "\(best!.0) ranks are \(fixed(gain, 1)) times as fast as one"
        : "one process is as fast as several ranks here"
      return "\(here); \(limit). For more nodes start doctor on two of them, with mpirun"
    }
    let ways = Reduction.allCases.filter { $0 == reduction || $0.isOffered(microBatches: model.microBatches) }
    let options = ways.flatMap { way in
      (1...10).map { (way: way, nodes: 1 << $0) }
        .filter { $0.nodes * ranksOfNode <= max(model.microBatches, 2 * ranksOfNode) }
    }
    func gain(_ way: Reduction, _ nodes: Int) -> Double {
      let layout = [Int](repeating: ranksOfNode, count: nodes)
      return one / (model.seconds(layout: layout, bytes: way.byteCount) ?? .infinity)
    }
    let own = options.filter { $0.way == reduction }.max { gain($0.way, $0.nodes) < gain($1.way, $1.nodes) }
    let any = options.max { gain($0.way, $0.nodes) < gain($1.way, $1.nodes) }
    let link = "this link (\(fixed(network.bytesPerSecond / 1e6, 0)) MB/s)"
    var text =
      if let own, gain(own.way, own.nodes) > 1.05 {
        "\(own.nodes) nodes are \(fixed(gain(own.way, own.nodes), 1)) times as fast as one on \(link)"
      } else {
        "this network cannot gain from a second node on \(link)"
      }
    if let any, any.way != reduction,
      gain(any.way, any.nodes) > 1.05 * (own.map { gain($0.way, $0.nodes) } ?? 1)
    {
      text +=
        "; \(any.nodes) nodes with --reduction \(any.way.rawValue) are \(fixed(gain(any.way, any.nodes), 1)) times"
    }
    return text + "; " + limit
  }

  func describe(in line: inout JSONLine) {
    line.add("recipe", title)
    for timing in timings {
      let name = "on_\(timing.layout.map(String.init).joined(separator: "_"))"
      line.add("step_seconds_" + name, timing.seconds)
      line.add("step_noise_" + name, timing.noise)
      if !isConstant(timing), let predicted = model.seconds(layout: timing.layout) {
        line.add("step_seconds_predicted_" + name, predicted)
      }
    }
    line.add("verdict", verdict)
  }

  private func milliseconds(_ seconds: Double) -> String {
    "\(fixed(1000 * seconds, seconds < 0.01 ? 2 : 1)) ms"
  }
  private func percent(_ value: Double) -> String { "\(fixed(100 * value, 0))%" }
}

extension Reduction {
  /// Whether doctor may offer it: one with the promise, and with eight bits left for a micro-batch's gradient.
  func isOffered(microBatches: Int) -> Bool {
    self == .exact || self == .exact32 || self == .exact16 && microBatches <= 256
  }
}
