import LockstepNetwork

extension SharedReplicas {
  /// The number of allocations: gradients, weights, rows, findings, and the optimizer's moments.
  static func parts(_ recipe: Recipe) -> Int { 4 + recipe.momentCount }

  /// The bytes that a node's ranks share.
  static func byteCount(_ settings: ReplicaSettings) -> Int {
    let (count, recipe) = (settings.network.paddedParameterCount, settings.recipe)
    return GradientSum.byteCount(paddedParameterCount: count, reduction: recipe.reduction)
      * settings.collective.nodeSize + 4 * (settings.network.bufferCount + count * recipe.momentCount)
      + SharedRows.byteCount(settings.plan, layers: dividedUnits(settings), capacity: recipe.batchSize)
      + NodeFindings.byteCount(
        ranks: settings.collective.nodeSize, tensors: settings.network.tensors.count)
  }
}
