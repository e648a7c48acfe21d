import LockstepNetwork

extension SharedReplicas {
  /// The number of allocations: gradients, weights, rows, findings, the optimizer's moments, and averaged weights.
  static func parts(_ recipe: Recipe) -> Int { 4 + recipe.momentCount + (recipe.averagesWeights ? 1 : 0) }

  /// The units whose rows are cheaper to read than their gradients, which would be written and read as doubles.
  static func dividedUnits(_ settings: ReplicaSettings) -> Set<Int> {
    let (plan, collective) = (settings.plan, settings.collective)
    // Where ranks take several passes, no rows are all there at once.
    guard collective.nodeSize == collective.size, !settings.accumulates else { return [] }
    return Set(
      plan.units.indices.filter {
        let layer = plan.units[$0].layer
        guard case .byFeatures = layer.passes else { return false }
        return settings.recipe.batchSize * (plan.inputCount(of: $0) + layer.output.count)
          < 6 * layer.paddedParameterCount
      })
  }

  /// The bytes that a node's ranks share.
  static func byteCount(_ settings: ReplicaSettings) -> Int {
    let (count, recipe) = (settings.network.paddedParameterCount, settings.recipe)
    return GradientSum.byteCount(paddedParameterCount: count, reduction: recipe.reduction)
      * settings.collective.nodeSize + 4
      * (settings.network.bufferCount * (recipe.averagesWeights ? 2 : 1) + count * recipe.momentCount)
      + SharedRows.byteCount(settings.plan, layers: dividedUnits(settings), capacity: recipe.batchSize)
      + NodeFindings.byteCount(
        ranks: settings.collective.nodeSize, tensors: settings.network.tensors.count)
  }
}

extension GradientSum {
  /// Those of a node's ranks, in memory that they share. Collective.
  static func ofNode(_ settings: ReplicaSettings, _ scales: GradientScales?) throws -> [GradientSum] {
    let (count, recipe) = (settings.network.paddedParameterCount, settings.recipe)
    let ranks = settings.collective.nodeSize
    let memory = try settings.collective.allocateShared(
      byteCount: byteCount(paddedParameterCount: count, reduction: recipe.reduction) * ranks)
    return (0..<ranks).map {
      GradientSum(
        paddedParameterCount: count, microBatches: recipe.microBatches, reduction: recipe.reduction,
        scales: scales, in: memory, slot: $0)
    }
  }
}

extension NodeFindings {
  /// In memory that a node's ranks share. Collective.
  init(_ settings: ReplicaSettings) throws {
    let (ranks, tensors) = (settings.collective.nodeSize, settings.network.tensors.count)
    self.init(
      ranks: ranks, tensors: tensors,
      in: try settings.collective.allocateShared(
        byteCount: NodeFindings.byteCount(ranks: ranks, tensors: tensors)))
  }
}
