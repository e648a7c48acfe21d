import CKernels
import LockstepSupport

/// This rank's slices of the parameters that are updated from stored gradients: those of the node's ranks, in shared
/// memory, summed with those of the other nodes.
struct GradientSlices {
  private let settings: ReplicaSettings
  /// The gradients of the node's ranks, by their number on it.
  private let neighbours: [GradientSum]
  /// Empty on a node's surplus ranks, if another node has fewer.
  private let ranges: [Range<Int>]
  /// The sum of the slices over the node, to be reduced across nodes; nil if there is only one.
  private let nodeSum: GradientSum?

  /// `except`: the plan's units that are not updated from stored gradients.
  init(_ settings: ReplicaSettings, except units: Set<Int>, neighbours: [GradientSum]) {
    self.settings = settings
    self.neighbours = neighbours
    ranges = Self.ranges(settings, except: units)
    let collective = settings.collective
    nodeSum =
      collective.nodeSize == collective.size ? nil : settings.makeGradient(neighbours[0].scales)
  }

  private static func ranges(_ settings: ReplicaSettings, except units: Set<Int>) -> [Range<Int>] {
    let (plan, number, shares) = (
      settings.plan, settings.collective.nodeRank, settings.collective.smallestNode
    )
    guard number < shares else { return [] }
    // If no unit is excepted, all parameters are one slice, which takes one allreduce across nodes.
    let whole =
      units.isEmpty
      ? [0..<plan.network.paddedParameterCount]
      : plan.units.indices.filter { !units.contains($0) }.map { plan.units[$0].parameters }
    return whole.map {
      let own = Share(index: number, count: shares).range(of: $0.count, grain: 16)
      return $0.lowerBound + own.lowerBound..<$0.lowerBound + own.upperBound
    }.filter { !$0.isEmpty }
  }

  /// All ranks' metrics, after the node's barrier. Collective.
  func sumMetrics() throws -> StepMetrics {
    let total = neighbours.dropFirst().reduce(neighbours[0].metrics) { $0 + $1.metrics }
    let collective = settings.collective
    guard collective.nodeSize < collective.size else { return total }
    // One rank a node adds the node's metrics, so that each rank counts once.
    let values = AlignedBuffer<Double>(count: total.values.count, zero: 0)
    if collective.nodeRank == 0 {
      for (i, value) in total.values.enumerated() { values.pointer[i] = value }
    }
    try collective.allReduce(values.elements)
    return StepMetrics(values: Array(values.elements))
  }

  /// Updates the slices by their sum over all ranks. Collective.
  func apply(_ update: kernel_update) throws {
    guard let nodeSum else {
      for range in ranges { self.update(range, update, from: neighbours) }
      return
    }
    for range in ranges {
      sum(range, into: nodeSum)
      try nodeSum.allReduceAcrossNodes(range, settings.collective)
      self.update(range, update, from: [nodeSum])
    }
  }

  private func update(_ range: Range<Int>, _ update: kernel_update, from sums: [GradientSum]) {
    inParts(of: range) { GradientSums(sums).apply(update, $0) }
  }

  private func sum(_ range: Range<Int>, into sum: GradientSum) {
    inParts(of: range) { [neighbours] in GradientSums(neighbours).write(to: sum, $0) }
  }

  /// Calls the body for each thread's part of a range.
  private func inParts(of range: Range<Int>, _ body: @escaping (kernel_range) -> Void) {
    settings.team.split(range.count / 16, grain: 512) { part in
      body(
        kernel_range(
          begin: range.lowerBound + part.lowerBound * 16, end: range.lowerBound + part.upperBound * 16))
    }
  }
}
