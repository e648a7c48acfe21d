import LockstepRanks

extension ReplicaSettings {
  /// The replicas for an exchange, with the initial parameters of the recipe's seed, and the settings that fit into
  /// memory: where that does not hold all of a rank's micro-batches at once, half as many, down to one. Collective:
  /// ranks agree on each attempt.
  ///
  /// Throws on all ranks if there is not enough memory for one.
  func makeReplicas(_ name: ExchangeName) throws -> (settings: ReplicaSettings, replicas: any Replicas) {
    var settings = self
    let largestShard = GradientAccumulation.largestShard(recipe, ranks: collective.size)
    settings.microBatchesAtOnce = min(microBatchesAtOnce, largestShard)
    while true {
      do { return (settings, try settings.attempt(name)) } catch let error as AgreedError {
        guard settings.microBatchesAtOnce > 1 else { throw error }
        settings.microBatchesAtOnce = (settings.microBatchesAtOnce + 1) / 2
      }
    }
  }

  /// The replicas for so many micro-batches at once. Collective; throws `AgreedError` before any memory is taken.
  private func attempt(_ name: ExchangeName) throws -> any Replicas {
    guard collective.size > 1, name == .shared || name == .auto && collective.smallestNode > 1 else {
      return try makeSeparate(name)
    }
    do { return try makeShared() } catch let refusal as AgreedError where name == .auto {
      // Ranks that share nothing may have room where a node's shared memory, or a process's limit, leaves none. If
      // not, they need more than those that share.
      do { return try makeSeparate(name) } catch is AgreedError { throw refusal }
    }
  }

  private func makeShared() throws -> any Replicas {
    let needed = SharedReplicas.byteCount(self)
    try requireMemory(shared: (SharedReplicas.dividedUnits(self), needed))
    try collective.reserveShared(byteCount: needed, parts: SharedReplicas.parts(recipe))
    return try SharedReplicas(self)
  }

  private func makeSeparate(_ name: ExchangeName) throws -> any Replicas {
    try requireMemory(shared: nil)
    let isAcrossNodes = name != .allreduce && collective.nodeSizes.count == collective.size
    return try SeparateReplicas(self, isAcrossNodes: isAcrossNodes)
  }

  private func requireMemory(shared: (units: Set<Int>, bytes: Int)?) throws {
    try MemoryNeed(
      training: plan, recipe: recipe, rows: capacity, threads: team.count,
      copiesInput: copiesInput(isShared: shared != nil), shared: shared,
      usesMPI: shared == nil ? collective.size > 1 : collective.nodeSize < collective.size,
      isWriter: collective.rank == 0, accumulates: accumulates
    ).require(collective)
  }
}
