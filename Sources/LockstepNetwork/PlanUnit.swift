import LockstepData

/// A layer as a plan computes it, with or without the ReLU after it.
package struct PlanUnit: Sendable {
  /// An input of a unit.
  package struct Edge: Sendable {
    /// 0 is the network's input, n + 1 the output of unit n.
    let activation: Int
    /// Whether a layer below learns.
    let wantsGradient: Bool
    /// Whether a later unit takes the same activation: its gradient is there already, and this one is added.
    let adds: Bool
  }

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
  private(set) var edges: [Edge] = []
  /// Whether its one input is the output of the unit before it, which no other takes.
  private(set) var followsAlone = false

  init(layer: any NetworkLayer, layers: Range<Int>, hasReLU: Bool = false, network: Network) {
    (self.layer, self.layers, self.hasReLU) = (layer, layers, hasReLU)
    name = network.names[layers.lowerBound]
    offset = network.offsets[layers.lowerBound]
    masks = GradientMasks(output: hasReLU)
  }

  package var parameters: Range<Int> { offset..<offset + layer.paddedParameterCount }
  /// The activation that it takes, the first of several.
  package var input: Int { edges[0].activation }
}

extension PlanUnit {
  /// A network's layer that is a scaling in evaluation, and the layer whose parameters take it in; nil for none.
  typealias Scaling = (layer: Int, into: Int?)

  static func scalings(of network: Network) -> [Scaling] {
    network.layers.indices.filter { network.layers[$0].microBatchLayer != nil }.map { number in
      let value = network.inputs[number][0]
      guard value > 0, network.consumerCount(of: value) == 1 else { return (number, nil) }
      let before = network.layers[value - 1]
      // Features that were flattened in between are other channels.
      let takesIn = before.scalesOutputs && before.output == network.layers[number].output
      return (number, takesIn ? value - 1 : nil)
    }
  }

  static func units(of network: Network, _ scalings: [Scaling], isFused: Bool) -> [PlanUnit] {
    let single = oneByOne(network, scalings)
    let fused = isFused ? fuseReLUs(single, network) : single
    let connected = connect(fused, network)
    return isFused ? fuseMasks(connected) : connected
  }

  private static func oneByOne(_ network: Network, _ scalings: [Scaling]) -> [PlanUnit] {
    network.layers.indices.reduce(into: []) { units, number in
      let layer = network.layers[number]
      switch scalings.first(where: { $0.layer == number }) {
      case (_, let target?)?:
        units[units.count - 1] = PlanUnit(
          layer: network.layers[target], layers: target..<number + 1, network: network)
      case (_, nil)?:
        let evaluated = layer.microBatchLayer?.evaluated ?? layer
        units.append(PlanUnit(layer: evaluated, layers: number..<number + 1, network: network))
      case nil: units.append(PlanUnit(layer: layer, layers: number..<number + 1, network: network))
      }
    }
  }

  /// Fuses each ReLU with the layer right before it, if that supports it.
  private static func fuseReLUs(_ units: [PlanUnit], _ network: Network) -> [PlanUnit] {
    units.reduce(into: []) { units, next in
      let number = next.layers.lowerBound
      if next.layer.isReLU, let last = units.last, let layer = last.layer.rectified,
        network.inputs[number] == [number], network.consumerCount(of: number) == 1,
        network.positions[number] == network.positions[number - 1] + 1
      {
        units[units.count - 1] = PlanUnit(
          layer: layer, layers: last.layers.lowerBound..<next.layers.upperBound, hasReLU: true,
          network: network)
      } else {
        units.append(next)
      }
    }
  }

  /// Finds out where each unit's inputs come from, and which gradients meet.
  private static func connect(_ units: [PlanUnit], _ network: Network) -> [PlanUnit] {
    // By the network's value: the activation, which units give with the last of their layers.
    var activations = [0: 0]
    for (index, unit) in units.enumerated() { activations[unit.layers.upperBound] = index + 1 }
    let inputs = units.map { network.inputs[$0.layers.lowerBound].map { activations[$0]! } }
    var learns = [false]
    for (unit, inputs) in zip(units, inputs) {
      learns.append(unit.layer.paddedParameterCount > 0 || inputs.contains { learns[$0] })
    }
    var taken = Set<Int>()
    var units = units
    for index in units.indices.reversed() {
      // Gradients are added from the last consumer to the first.
      units[index].edges = inputs[index].reversed().map {
        Edge(activation: $0, wantsGradient: learns[$0], adds: !taken.insert($0).inserted)
      }.reversed()
      let consumers = inputs.joined().count { $0 == index }
      units[index].followsAlone = inputs[index] == [index] && consumers == 1
    }
    return units
  }

  /// If two layers in a row are divided by features, the second one applies the first one's ReLU mask as it writes the
  /// gradient.
  private static func fuseMasks(_ units: [PlanUnit]) -> [PlanUnit] {
    var units = units
    for i in units.indices.dropFirst() where units[i - 1].hasReLU && units[i].followsAlone {
      guard case .byFeatures = units[i].layer.passes, case .byFeatures = units[i - 1].layer.passes else {
        continue
      }
      units[i - 1].masks.output = false
      units[i].masks.input = true
    }
    return units
  }
}
