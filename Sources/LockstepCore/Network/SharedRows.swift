/// Inputs and output gradients of some layers for all ranks of a node, in memory that they share: the ranks' rows one
/// after another.
final class SharedRows {
  /// The inputs, by layer.
  let activations: [Int: Activations]
  /// dL/dy, by layer + 1, as in a workspace.
  let gradients: [Int: Activations]
  private let memory: SharedMemory

  /// Collective over the node.
  init(_ network: Network, layers: Set<Int>, capacity: Int, collective: any Collective) throws {
    let memory = try collective.allocateShared(
      byteCount: Self.byteCount(network, layers: layers, capacity: capacity))
    var next = 0
    func take(_ features: Int) -> Activations {
      let count = paddedToPanel(capacity) * rowStride(features)
      defer { next += count * 4 }
      return Activations(
        AlignedBuffer<Float>(sharing: memory, from: next, count: count).pointer, features: features)
    }
    var (activations, gradients) = ([Int: Activations](), [Int: Activations]())
    for layer in layers.sorted() {
      activations[layer] = take(network.inputCount(of: layer))
      gradients[layer + 1] = take(network.layers[layer].output.count)
    }
    (self.activations, self.gradients, self.memory) = (activations, gradients, memory)
  }

  static func byteCount(_ network: Network, layers: Set<Int>, capacity: Int) -> Int {
    layers.reduce(0) {
      $0 + 4 * paddedToPanel(capacity)
        * (rowStride(network.inputCount(of: $1)) + rowStride(network.layers[$1].output.count))
    }
  }
}
