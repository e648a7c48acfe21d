import CKernels
import LockstepRanks
import LockstepSupport

/// This rank's slices of the parameters that are updated from stored gradients: those of the node's ranks, in shared
/// memory, summed with those of the other nodes.
struct GradientSlices {
  private let settings: ReplicaSettings
  /// The gradients of the node's ranks, by their number on it.
  private let neighbours: [GradientSum]
  private let ranges: [Range<Int>]
  /// The sum of the slices over the node, to be reduced across nodes; nil if there is only one.
  private let nodeSum: GradientSum?

  /// `parts`: those of the flat buffer that are updated from stored gradients, and on several nodes exchanged together.
  init(_ settings: ReplicaSettings, parts: [Range<Int>], neighbours: [GradientSum]) {
    self.settings = settings
    self.neighbours = neighbours
    let collective = settings.collective
    nodeSum =
      collective.nodeSize == collective.size ? nil : settings.makeGradient(neighbours[0].scales)
    ranges = parts.map { Self.slice(of: $0, collective) }
  }

  /// Empty on a node's surplus ranks, if another node has fewer.
  private static func slice(of part: Range<Int>, _ collective: any Collective) -> Range<Int> {
    let (number, shares) = (collective.nodeRank, collective.smallestNode)
    guard number < shares else { return part.lowerBound..<part.lowerBound }
    let own = Share(index: number, count: shares).range(of: part.count, grain: 16)
    return part.lowerBound + own.lowerBound..<part.lowerBound + own.upperBound
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

  /// On several nodes: begins the sum of a part over all ranks, once those of the node have written it. Collective.
  func begin(_ part: Range<Int>) throws {
    guard let nodeSum else { return }
    try settings.collective.nodeBarrier()
    let own = Self.slice(of: part, settings.collective)
    guard !own.isEmpty else { return }
    inParts(of: own) { [neighbours] in GradientSums(neighbours).write(to: nodeSum, $0) }
    try nodeSum.beginSumAcrossNodes(own, settings.collective)
  }

  /// Updates the slices by their sum over all ranks, which on several nodes has been awaited.
  func apply(_ update: kernel_update) {
    let sums = GradientSums(nodeSum.map { [$0] } ?? neighbours)
    for range in ranges { inParts(of: range) { sums.apply(update, $0) } }
  }

  /// The gradient of the node's first rank.
  var first: GradientSum { neighbours[0] }

  /// Writes the slices' sums over all ranks into `first`: no other rank needs those of its elements.
  func writeSums() {
    let sums = GradientSums(nodeSum.map { [$0] } ?? neighbours)
    for range in ranges { inParts(of: range) { sums.write(to: first, $0) } }
  }

  /// Updates this rank's slice of all parameters by `first`, once all of the node's ranks have written their sums.
  func applyFirst(_ update: kernel_update) {
    let sums = GradientSums([first])
    let own = Self.slice(of: 0..<settings.network.paddedParameterCount, settings.collective)
    inParts(of: own) { sums.apply(update, $0) }
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
