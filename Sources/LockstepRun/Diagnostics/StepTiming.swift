import LockstepData
import LockstepRanks
import LockstepSupport
import LockstepTraining

/// How long a step of a recipe takes on some ranks.
package struct StepTiming: Sendable, Equatable {
  /// The number of ranks on each node.
  package var layout: [Int]
  /// Of the round that was disturbed least, in seconds.
  package var seconds: Double
  /// How much longer the middle one of the rounds took, as a part of it.
  package var noise: Double

  package var ranks: Int { layout.reduce(0, +) }

  package init(layout: [Int], seconds: Double, noise: Double) {
    (self.layout, self.seconds, self.noise) = (layout, seconds, noise)
  }

  /// From the medians of several rounds.
  init(layout: [Int], rounds: [Double]) {
    let sorted = rounds.sorted()
    self.init(layout: layout, seconds: sorted[0], noise: sorted[sorted.count / 2] / sorted[0] - 1)
  }

  /// "2 ranks", "3 ranks on 2 nodes"
  package var place: String {
    "\(ranks) rank\(ranks == 1 ? "" : "s")" + (layout.count > 1 ? " on \(layout.count) nodes" : "")
  }
}

/// Times steps of a recipe on parts of a job.
struct StepTimer {
  let recipe: Recipe
  let dataset: Dataset
  let threads: Int
  let collective: any Collective
  /// Each rank's node, by the number of the node's first rank.
  let nodes: [Int]

  /// So many seconds' worth of steps, but at least and at most so many.
  private static let counts = 5...200
  private static let seconds = 0.4
  /// Steps before those that count: the first ones touch memory, open connections and set scales.
  private static let warmup = 3

  /// The median step on these ranks, the first of which tells it. `microBatches`: only so many of the recipe's
  /// micro-batches, on a batch that is as much smaller. Collective.
  func time(_ ranks: [Int], microBatches: Int? = nil) throws -> Double {
    var recipe = recipe
    if let microBatches {
      recipe.batchSize = max(recipe.batchSize * microBatches / recipe.microBatches, microBatches)
      recipe.microBatches = microBatches
    }
    var median = 0.0
    try collective.among(ranks) { part in
      median = try Processors.confined(to: processors(of: part)) { try time(recipe, on: part) }
    }
    return Double(bitPattern: try collective.allGather(median.bitPattern)[ranks[0]])
  }

  private func time(_ recipe: Recipe, on part: any Collective) throws -> Double {
    let team = try part.together { try ThreadTeam(count: threads) }
    let trainer = try Trainer(recipe: recipe, dataset: dataset, collective: part, team: team)
    let first = try trainer.timeSteps(Self.warmup).last!
    let (least, most) = (Double(Self.counts.lowerBound), Double(Self.counts.upperBound))
    let wanted = UInt64(max(min(Self.seconds / first, most), least))
    let steps = try trainer.timeSteps(Int(try part.allGather(wanted)[0]))
    return steps.sorted()[steps.count / 2]
  }

  /// Where several ranks of a node have room, each has processors of its own, as launchers give them. In a job of more
  /// ranks than processors these are bound to none, and two that wake each other may stay on one processor.
  private func processors(of part: any Collective) -> [Int] {
    let allowed = Processors.allowed.sorted()
    guard part.nodeSize > 1, part.nodeSize * threads <= allowed.count else { return allowed }
    return Array(allowed[(part.nodeRank * threads)...].prefix(threads))
  }

  /// The number of ranks on each node.
  func layout(of ranks: [Int]) -> [Int] {
    Dictionary(grouping: ranks) { nodes[$0] }.sorted { $0.key < $1.key }.map(\.value.count)
  }
}
