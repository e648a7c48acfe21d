/// How a rank computes its micro-batches where memory does not hold all of them at once: in several passes, whose
/// gradients are added up before the update. The same on all ranks.
public struct GradientAccumulation: Equatable, Sendable, CustomStringConvertible {
  /// The most micro-batches of a pass.
  public let microBatchesAtOnce: Int
  /// The micro-batches of the rank that has most.
  public let microBatches: Int
  /// Whether the weights have the bits that they would have without: not if gradients are summed in Float.
  public let keepsBits: Bool
  /// The passes of a step on that rank.
  public var passes: Int { (microBatches + microBatchesAtOnce - 1) / microBatchesAtOnce }

  /// nil where a rank computes all of its micro-batches at once.
  init?(atOnce: Int, _ recipe: Recipe, ranks: Int) {
    microBatches = Self.largestShard(recipe, ranks: ranks)
    guard atOnce < microBatches else { return nil }
    (microBatchesAtOnce, keepsBits) = (atOnce, recipe.reduction != .fast)
  }

  /// "memory holds 2 of a rank's 4 micro-batches at once: gradients are accumulated over 2 passes (the same bits)"
  public var description: String {
    "memory holds \(microBatchesAtOnce) of a rank's \(microBatches) micro-batches at once: gradients are accumulated "
      + "over \(passes) passes "
      + (keepsBits ? "(the same bits)" : "(other bits than at once, as --reduction is fast)")
  }

  /// The most micro-batches that a rank has.
  static func largestShard(_ recipe: Recipe, ranks: Int) -> Int { (recipe.microBatches + ranks - 1) / ranks }
}
