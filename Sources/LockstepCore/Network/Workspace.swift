/// The memory that a network needs for batches of up to `capacity` samples: the activations of every layer and, where
/// it learns, the gradients with respect to them. Each has a buffer of its own, so that padding once zero stays zero.
package final class Workspace {
  package let capacity: Int
  /// `activations[0]` is the input, `activations[i + 1]` is layer i's output.
  package private(set) var activations: [Activations]
  /// dL / d`activations[i]`; that of the input is not computed. Empty where nothing is learned.
  package private(set) var gradients: [Activations]
  package let scratch: AlignedBuffer<Float>
  private let buffers: [AlignedBuffer<Float>]
  private let shared: SharedRows?
  /// Where `Network.head` keeps weights.
  let turnedWeights: ThreadCopies?

  package var input: Activations { activations[0] }
  package var logits: Activations { activations[activations.count - 1] }
  package var logitsGradient: Activations { gradients[gradients.count - 1] }

  /// For a team of `threads`.
  package convenience init(_ network: Network, capacity: Int, learns: Bool, threads: Int = 1) {
    self.init(network, capacity: capacity, learns: learns, shared: nil, threads: threads)
  }

  /// `shared` gives memory to those of the activations and gradients that the ranks of a node share.
  /// For a team of `threads`, each with an input of its own where `copiesInput` is set.
  init(
    _ network: Network, capacity: Int, learns: Bool, shared: SharedRows?, threads: Int,
    copiesInput: Bool = false
  ) {
    self.capacity = capacity
    self.shared = shared
    // Transposes write whole blocks of 8 rows.
    let rows = paddedToPanel(max(capacity, 1))
    let features = [network.inputFeatures] + network.layers.map { $0.output.count }
    var buffers: [AlignedBuffer<Float>] = []
    func allocate(_ features: Int, unless shared: Activations?) -> Activations {
      if let shared { return shared }
      buffers.append(AlignedBuffer(count: rows * rowStride(features), zero: 0))
      return Activations(buffers.last!.pointer, features: features)
    }
    activations = features.enumerated().map { allocate($0.element, unless: shared?.activations[$0.offset]) }
    if copiesInput {
      let copies = ThreadCopies(threads: threads, count: rows * rowStride(network.inputFeatures))
      activations[0] = Activations(activations[0].pointer, features: network.inputFeatures, copies: copies)
    }
    turnedWeights =
      learns ? network.headLayer.map { ThreadCopies(threads: threads, count: $0.turnedCount) } : nil
    gradients =
      learns
      ? features.enumerated().map {
        allocate($0.offset == 0 ? 0 : $0.element, unless: shared?.gradients[$0.offset])
      } : []
    scratch = AlignedBuffer(
      count: network.scratchCount(rows: rows), zero: 0)
    self.buffers = buffers
  }

  /// The bytes that one takes: those of samples, and those that every thread has. `late` layers have rows elsewhere.
  static func byteCount(
    _ network: Network, capacity: Int, learns: Bool, late: Set<Int> = [], threads: Int = 1,
    copiesInput: Bool = false
  ) -> (samples: Double, threads: Double) {
    let rows = Double(paddedToPanel(max(capacity, 1)))
    func row(_ features: Int) -> Double { rows * Double(rowStride(features)) }
    let outputs = network.layers.map(\.output.count)
    var floats = Double(network.scratchCount(rows: Int(rows)))
    for (i, features) in ([network.inputFeatures] + outputs).enumerated() {
      if !late.contains(i) { floats += row(features) }
      if learns, !late.contains(i - 1) { floats += row(i == 0 ? 0 : features) }
    }
    let copied =
      (copiesInput ? row(network.inputFeatures) : 0)
      + Double(learns ? network.headLayer?.turnedCount ?? 0 : 0)
    return (4 * floats, 4 * Double(threads) * copied)
  }

  /// Moves this rank's rows of what is shared to `row` of the node's.
  func place(atRow row: Int) {
    guard let shared else { return }
    for (i, all) in shared.activations { activations[i] = all.dropping(rows: row) }
    for (i, all) in shared.gradients { gradients[i] = all.dropping(rows: row) }
  }
}
