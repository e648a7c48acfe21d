import Synchronization

/// How a network is computed: which of its layers are fused. Only this type knows what is fused with what. A fused plan
/// gives the same bits as a plain one, faster.
package final class FusionPlan: Sendable {
  package enum Style: Sendable {
    /// Everything below.
    case fused
    /// A layer at a time.
    case plain
  }

  package enum Purpose: Sendable { case training, evaluation }

  package let network: Network
  package let style: Style
  /// The layers whose output channels evaluation scales, each with the layer whose parameters take that in, if any.
  private let scalings: [(layer: Int, into: Int?)]
  /// The layers as they are computed.
  package let units: [PlanUnit]
  /// The units, consecutive rowwise ones grouped.
  let stages: [PlanStage]
  /// The first unit that has parameters: no gradient need go further down.
  let firstLearning: Int
  /// The last layer, if it is fused with the loss (`FusedHead`).
  let head: (any NarrowLayer)?
  /// Fused calls so far.
  private let fusedCallCount = Atomic<Int>(0)

  package init(_ network: Network, style: Style = .fused, for purpose: Purpose = .training) {
    self.network = network
    self.style = style
    scalings = purpose == .evaluation ? PlanUnit.scalings(of: network) : []
    units = PlanUnit.units(of: network, scalings, isFused: style == .fused)
    stages = PlanStage.stages(of: units, together: style == .fused)
    firstLearning = units.firstIndex { $0.layer.paddedParameterCount > 0 } ?? 0
    head = style == .fused ? units.last.flatMap { $0.layer.narrow } : nil
  }

  /// The number of fused calls so far: 0 for a plain plan.
  package var fusedCalls: Int { fusedCallCount.load(ordering: .relaxed) }

  func note(fused: Bool) { if fused { fusedCallCount.add(1, ordering: .relaxed) } }

  /// Floats of one sample of a unit's input, the first of several.
  package func inputCount(of unit: Int) -> Int { count(ofActivation: units[unit].input) }

  /// Floats of one sample: activation 0 is the network's input, n + 1 the output of unit n.
  func count(ofActivation number: Int) -> Int {
    number == 0 ? network.input.count : units[number - 1].layer.output.count
  }

  /// The units of one input whose gradient is added to that of later units.
  var partialUnits: [Int] {
    units.indices.filter {
      units[$0].edges.count == 1 && units[$0].edges[0].adds && units[$0].edges[0].wantsGradient
    }
  }

  /// Floats of scratch memory that a pass over `rows` samples uses.
  func scratchCount(rows: Int) -> Int {
    stages.map { units[$0.range].reduce(0) { $0 + $1.layer.scratchCount(rows: rows) } }.max() ?? 0
  }

  /// Whether each of so many threads should have its own copy of the input, because all of them read all of it.
  package func copiesInput(threads: Int) -> Bool {
    // Copies are all that there is of the input, and other layers do not read them.
    let consumers = units.flatMap(\.edges).count { $0.activation == 0 }
    guard style == .fused, threads > 1, consumers == 1,
      case .byFeatures(let layer)? = units.first?.layer.passes
    else { return false }
    return layer.readsWholeInput(threads: threads)
  }

  /// The parameters for a pass of this plan: in evaluation of layers that keep statistics a copy, where the channels'
  /// scalings by them are part of the layers before, if these can take them.
  package func prepared(_ parameters: Parameters) -> Parameters {
    guard !scalings.isEmpty else { return parameters }
    let prepared = parameters.copy
    for (number, target) in scalings {
      guard let layer = network.layers[number].microBatchLayer else { continue }
      let scaling = prepared.pointer + network.offsets[number]
      layer.setScaling(scaling, state: prepared.state + network.stateOffsets[number])
      if let target {
        network.layers[target].scaleOutputs(prepared.pointer + network.offsets[target], by: scaling)
      }
    }
    return prepared
  }
}

extension NetworkLayer {
  fileprivate var narrow: (any NarrowLayer)? {
    guard case .byFeatures(let layer) = passes else { return nil }
    return layer.byRows
  }
}
