/// A layer's statistics over a global batch, laid out as its part of the state.
package struct LayerStatistics {
  /// "layers.1"
  package let layer: String
  package let values: [Double]
  let offset: Int
  let momentum: Double
}

extension Network {
  /// From the slots of the global batch's micro-batches, `paddedStateCount` doubles each, of so many samples.
  package func statistics(of slots: UnsafePointer<Double>, samples: [Int]) -> [LayerStatistics] {
    layers.indices.compactMap { number in
      guard let kept = layers[number].microBatchLayer?.runningStatistics else { return nil }
      let offset = stateOffsets[number]
      guard let mean = kept.mean(of: slots + offset, stride: paddedStateCount, samples: samples) else {
        return nil
      }
      return LayerStatistics(layer: names[number], values: mean, offset: offset, momentum: kept.momentum)
    }
  }
}

extension Parameters {
  /// Moves the state towards a step's statistics: s += momentum (statistic - s).
  package func moveState(towards statistics: [LayerStatistics]) {
    for layer in statistics {
      for (element, value) in layer.values.enumerated() {
        let old = Double(state[layer.offset + element])
        state[layer.offset + element] = Float((1 - layer.momentum) * old + layer.momentum * value)
      }
    }
  }
}
