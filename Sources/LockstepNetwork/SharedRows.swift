import LockstepData
import LockstepSupport

/// Inputs and output gradients of some layers in a node's shared memory: the rows of all its ranks, one rank after the
/// other.
package final class SharedRows {
  /// The inputs, by their number among a workspace's.
  package let activations: [Int: Activations]
  /// dL/dy, by unit + 1, as in a workspace.
  package let gradients: [Int: Activations]
  private let memory: SharedMemory

  /// In `byteCount` bytes of zeroed memory.
  package init(_ plan: FusionPlan, layers: Set<Int>, capacity: Int, in memory: SharedMemory) {
    var next = 0
    func take(_ features: Int) -> Activations {
      let count = paddedToPanel(capacity) * rowStride(features)
      defer { next += count * 4 }
      return Activations(
        AlignedBuffer<Float>(sharing: memory, from: next, count: count).pointer, features: features)
    }
    var (activations, gradients) = ([Int: Activations](), [Int: Activations]())
    for layer in layers.sorted() {
      let input = plan.units[layer].input
      if activations[input] == nil { activations[input] = take(plan.inputCount(of: layer)) }
      gradients[layer + 1] = take(plan.units[layer].layer.output.count)
    }
    (self.activations, self.gradients, self.memory) = (activations, gradients, memory)
  }

  package static func byteCount(_ plan: FusionPlan, layers: Set<Int>, capacity: Int) -> Int {
    let inputs = Set(layers.map { plan.units[$0].input }).map(plan.count(ofActivation:))
    let features = inputs + layers.map { plan.units[$0].layer.output.count }
    return features.reduce(0) { $0 + 4 * paddedToPanel(capacity) * rowStride($1) }
  }
}
