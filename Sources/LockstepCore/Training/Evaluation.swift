/// How well a network reads a set of samples: sums over all of them, of which every rank computes a part.
public struct Evaluation: Equatable, Sendable {
  /// The mean loss.
  public var loss: Double
  /// Samples whose largest logit is the label's.
  public var hits: Int
  public var count: Int
  public var accuracy: Double { count == 0 ? 0 : Double(hits) / Double(count) }
}

/// Evaluates in batches, each rank a contiguous part of the samples. Every loss is rounded to the grid before it is
/// summed, so that the result does not depend on who computed what.
public final class Evaluator {
  private static let batchSize = 256
  private let plan: FusionPlan
  private let collective: any Collective
  private let team: ThreadTeam
  private let normalization: Normalization
  private let workspace: Workspace
  private let loss: SoftmaxCrossEntropy
  private let batch: Batch

  public init(_ network: Network, normalization: Normalization, collective: any Collective, team: ThreadTeam)
  {
    plan = FusionPlan(network)
    self.normalization = normalization
    self.collective = collective
    self.team = team
    workspace = Workspace(plan, capacity: Self.batchSize, learns: false)
    loss = SoftmaxCrossEntropy(classes: network.classes, capacity: Self.batchSize)
    batch = Batch(capacity: Self.batchSize)
  }

  /// Collective. `indices` picks samples of the split; nil means all.
  public func evaluate(_ parameters: Parameters, on split: Split, indices: [Int]? = nil) throws -> Evaluation
  {
    let count = indices?.count ?? split.count
    let sums = AlignedBuffer<Double>(count: 2, zero: 0)
    try Activity.during(.evaluating) {
      forEachBatch(of: count) { start, rows in
        forward(parameters, rows: rows, of: split) { indices?[start + $0] ?? start + $0 }
        let part = plan.evaluate(
          loss, labels: batch.labels, divisor: count, parameters, workspace, pass: pass(rows: rows))
        sums.pointer[0] += part.loss
        sums.pointer[1] += Double(part.hits)
      }
      try collective.allReduce(sums.elements)
    }
    return Evaluation(loss: sums.pointer[0], hits: Int(sums.pointer[1]), count: count)
  }

  /// The class of the largest logit for each sample of a split, the first of several. Collective.
  public func predictions(_ parameters: Parameters, on split: Split) throws -> [Int] {
    let classes = AlignedBuffer<Double>(count: split.count, zero: 0)
    forEachBatch(of: split.count) { start, rows in
      forward(parameters, rows: rows, of: split) { start + $0 }
      for row in 0..<rows {
        let logits = UnsafeBufferPointer(start: workspace.logits.row(row), count: plan.network.classes)
        let largest = logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
        classes.pointer[start + row] = Double(largest)
      }
    }
    try collective.allReduce(classes.elements)
    return classes.elements.map { Int($0) }
  }

  /// Calls the body with the first sample and the size of each batch of this rank's part of `count` samples.
  private func forEachBatch(of count: Int, _ body: (_ start: Int, _ rows: Int) -> Void) {
    let end = count * (collective.rank + 1) / collective.size
    for start in stride(from: count * collective.rank / collective.size, to: end, by: Self.batchSize) {
      body(start, min(Self.batchSize, end - start))
    }
  }

  private func forward(_ parameters: Parameters, rows: Int, of split: Split, index: @escaping (Int) -> Int) {
    batch.load(
      rows, from: split, normalization: normalization, into: workspace.input, team: team, index: index)
    plan.forward(parameters, workspace, pass: pass(rows: rows))
  }

  private func pass(rows: Int) -> Pass {
    Pass(rows: rows, scratch: workspace.scratch.pointer, team: team)
  }
}
