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
    scalings = purpose == .evaluation ? Self.scalings(of: network) : []
    let single = Self.oneByOne(network, scalings)
    units = style == .fused ? Self.fuseMasks(Self.fuseReLUs(single, network)) : single
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

  /// The parameters for a pass of this plan: in evaluation of layers that keep statistics a copy, where the channels'
  /// scalings by them are part of the layers before, if these can take them.
  package func prepared(_ parameters: Parameters) -> Parameters {
    guard !scalings.isEmpty else { return parameters }
    let prepared = parameters.copy
    for (number, target) in scalings {
      guard let layer = network.layers[number] as? any MicroBatchLayer else { continue }
      let scaling = prepared.pointer + network.offsets[number]
      layer.setScaling(scaling, state: prepared.state + network.stateOffsets[number])
      if let target {
        network.layers[target].scaleOutputs(prepared.pointer + network.offsets[target], by: scaling)
      }
    }
    return prepared
  }

  private static func scalings(of network: Network) -> [(layer: Int, into: Int?)] {
    network.layers.indices.filter { network.layers[$0] is any MicroBatchLayer }.map { number in
      let before = number > 0 ? network.layers[number - 1] : nil
      // Features that were flattened in between are other channels.
      let takesIn = before.map { $0.scalesOutputs && $0.output == network.layers[number].output } ?? false
      return (number, takesIn ? number - 1 : nil)
    }
  }

  private static func oneByOne(_ network: Network, _ scalings: [(layer: Int, into: Int?)]) -> [PlanUnit] {
    network.layers.indices.reduce(into: []) { units, number in
      let layer = network.layers[number]
      switch scalings.first(where: { $0.layer == number }) {
      case (_, let target?)?:
        units[units.count - 1] = PlanUnit(
          layer: network.layers[target], layers: target..<number + 1, network: network)
      case (_, nil)?:
        let evaluated = (layer as? any MicroBatchLayer)?.evaluated ?? layer
        units.append(PlanUnit(layer: evaluated, layers: number..<number + 1, network: network))
      case nil: units.append(PlanUnit(layer: layer, layers: number..<number + 1, network: network))
      }
    }
  }

  /// Fuses each ReLU with the layer right before it, if that supports it.
  private static func fuseReLUs(_ units: [PlanUnit], _ network: Network) -> [PlanUnit] {
    units.reduce(into: []) { units, next in
      if next.layer.isReLU, let last = units.last, let layer = last.layer.rectified,
        network.positions[next.layers.lowerBound] == network.positions[last.layers.upperBound - 1] + 1
      {
        units[units.count - 1] = PlanUnit(
          layer: layer, layers: last.layers.lowerBound..<next.layers.upperBound, hasReLU: true,
          network: network)
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
  /// Whether it computes the ReLU after its layer too.
  let hasReLU: Bool
  var masks: GradientMasks

  init(layer: any NetworkLayer, layers: Range<Int>, hasReLU: Bool = false, network: Network) {
    (self.layer, self.layers, self.hasReLU) = (layer, layers, hasReLU)
    name = "layers.\(network.positions[layers.lowerBound])"
    offset = network.offsets[layers.lowerBound]
    masks = GradientMasks(output: hasReLU)
  }

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
  case normalized(any MicroBatchLayer, Int)

  var range: Range<Int> {
    switch self {
    case .rowwise(let layers, let first): first..<first + layers.count
    case .divided(_, let number), .normalized(_, let number): number..<number + 1
    }
  }

  static func stages(of units: [PlanUnit], together: Bool) -> [PlanStage] {
    units.enumerated().reduce(into: []) { stages, next in
      switch next.element.layer.passes {
      case .byFeatures(let layer): stages.append(.divided(layer, next.offset))
      case .byMicroBatches(let layer): stages.append(.normalized(layer, next.offset))
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
