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

  package let network: Network
  package let style: Style
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

  package init(_ network: Network, style: Style = .fused) {
    self.network = network
    self.style = style
    units = style == .fused ? Self.fuseMasks(Self.fuseReLUs(network)) : Self.oneByOne(network)
    stages = PlanStage.stages(of: units, together: style == .fused)
    firstLearning = units.firstIndex { $0.layer.paddedParameterCount > 0 } ?? 0
    head = style == .fused ? units.last.flatMap { $0.layer.narrow } : nil
  }

  /// The number of fused calls so far: 0 for a plain plan.
  package var fusedCalls: Int { fusedCallCount.load(ordering: .relaxed) }

  func note(fused: Bool) { if fused { fusedCallCount.add(1, ordering: .relaxed) } }

  /// Floats of one sample of a unit's input.
  package func inputCount(of unit: Int) -> Int {
    unit == 0 ? network.input.count : units[unit - 1].layer.output.count
  }

  /// Floats of scratch memory that a pass over `rows` samples uses.
  func scratchCount(rows: Int) -> Int {
    stages.map { units[$0.range].reduce(0) { $0 + $1.layer.scratchCount(rows: rows) } }.max() ?? 0
  }

  /// Whether each of so many threads should have its own copy of the input, because all of them read all of it.
  package func copiesInput(threads: Int) -> Bool {
    guard style == .fused, threads > 1, case .byFeatures(let layer)? = units.first?.layer.passes else {
      return false
    }
    return layer.readsWholeInput(threads: threads)
  }

  private static func oneByOne(_ network: Network) -> [PlanUnit] {
    network.layers.indices.map {
      PlanUnit(layer: network.layers[$0], layers: $0..<$0 + 1, network: network)
    }
  }

  /// Fuses each ReLU with the layer right before it, if that supports it.
  private static func fuseReLUs(_ network: Network) -> [PlanUnit] {
    oneByOne(network).reduce(into: []) { units, next in
      if next.layer.isReLU, let last = units.last, let layer = last.layer.rectified,
        network.positions[next.layers.lowerBound] == network.positions[last.layers.lowerBound] + 1
      {
        units[units.count - 1] = PlanUnit(
          layer: layer, layers: last.layers.lowerBound..<next.layers.upperBound, network: network)
      } else {
        units.append(next)
      }
    }
  }

  /// If two layers in a row are divided by features, the second one applies the first one's ReLU mask as it writes the
  /// gradient.
  private static func fuseMasks(_ units: [PlanUnit]) -> [PlanUnit] {
    var units = units
    for i in units.indices.dropFirst() where units[i - 1].hasReLU {
      guard case .byFeatures = units[i].layer.passes, case .byFeatures = units[i - 1].layer.passes else {
        continue
      }
      units[i - 1].masks.output = false
      units[i].masks.input = true
    }
    return units
  }
}

/// A layer as a plan computes it, with or without the ReLU after it.
package struct PlanUnit: Sendable {
  package let layer: any NetworkLayer
  /// The network's layers that it computes.
  package let layers: Range<Int>
  /// "layers.0": the name of the first of them.
  package let name: String
  /// Where its parameters start in the flat buffer.
  package let offset: Int
  var masks: GradientMasks

  init(layer: any NetworkLayer, layers: Range<Int>, network: Network) {
    self.layer = layer
    self.layers = layers
    name = "layers.\(network.positions[layers.lowerBound])"
    offset = network.offsets[layers.lowerBound]
    masks = GradientMasks(output: layers.count > 1)
  }

  var hasReLU: Bool { layers.count > 1 }
  package var parameters: Range<Int> { offset..<offset + layer.paddedParameterCount }
}

extension NetworkLayer {
  fileprivate var narrow: (any NarrowLayer)? {
    guard case .byFeatures(let layer) = passes else { return nil }
    return layer.byRows
  }
}

/// What a pass computes at a time.
enum PlanStage: Sendable {
  /// Consecutive units that work sample by sample, and the number of the first.
  case rowwise([any RowwiseLayer], first: Int)
  /// Another unit and its number.
  case divided(any DividedLayer, Int)

  var range: Range<Int> {
    switch self {
    case .rowwise(let layers, let first): first..<first + layers.count
    case .divided(_, let number): number..<number + 1
    }
  }

  static func stages(of units: [PlanUnit], together: Bool) -> [PlanStage] {
    units.enumerated().reduce(into: []) { stages, next in
      switch next.element.layer.passes {
      case .byFeatures(let layer): stages.append(.divided(layer, next.offset))
      case .byRows(let layer):
        if together, case .rowwise(let before, let first)? = stages.last {
          stages[stages.count - 1] = .rowwise(before + [layer], first: first)
        } else {
          stages.append(.rowwise([layer], first: next.offset))
        }
      }
    }
  }
}
