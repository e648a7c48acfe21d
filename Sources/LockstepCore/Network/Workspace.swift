/// The memory that a plan needs for batches of up to `capacity` samples: the activations of every layer and, where
/// it learns, the gradients with respect to them. Each has a buffer of its own, so that padding once zero stays zero.
public final class Workspace {
  public let capacity: Int
  /// `activations[0]` is the input, `activations[i + 1]` is the output of the plan's unit i.
  public private(set) var activations: [Activations]
  /// dL / d`activations[i]`; that of the input is not computed. Empty where nothing is learned.
  public private(set) var gradients: [Activations]
  public let scratch: AlignedBuffer<Float>
  private let buffers: [AlignedBuffer<Float>]
  private let shared: SharedRows?
  /// The weights of a head that goes together with the loss, transposed.
  let transposedHead: ThreadCopies?

  public var input: Activations { activations[0] }
  public var logits: Activations { activations[activations.count - 1] }
  public var logitsGradient: Activations { gradients[gradients.count - 1] }

  /// For a team of `threads`.
  public convenience init(_ plan: FusionPlan, capacity: Int, learns: Bool, threads: Int = 1) {
    self.init(plan, capacity: capacity, learns: learns, threads: threads, shared: nil, copiesInput: false)
  }

  /// `shared` gives memory to those of the activations and gradients that the ranks of a node share. With `copiesInput`
  /// each thread has an input of its own.
  init(
    _ plan: FusionPlan, capacity: Int, learns: Bool, threads: Int, shared: SharedRows?, copiesInput: Bool
  ) {
    self.capacity = capacity
    self.shared = shared
    // Transposes write whole blocks of 8 rows.
    let rows = paddedToPanel(max(capacity, 1))
    let features = [plan.network.input.count] + plan.units.map { $0.layer.output.count }
    var buffers: [AlignedBuffer<Float>] = []
    func allocate(_ features: Int, unless shared: Activations?) -> Activations {
      if let shared { return shared }
      buffers.append(AlignedBuffer(count: rows * rowStride(features), zero: 0))
      return Activations(buffers.last!.pointer, features: features)
    }
    activations = features.enumerated().map { allocate($0.element, unless: shared?.activations[$0.offset]) }
    if copiesInput {
      let copies = ThreadCopies(threads: threads, count: rows * rowStride(features[0]))
      activations[0] = Activations(activations[0].pointer, features: features[0], copies: copies)
    }
    transposedHead =
      learns ? plan.head.map { ThreadCopies(threads: threads, count: $0.transposedCount) } : nil
    gradients =
      learns
      ? features.enumerated().map {
        allocate($0.offset == 0 ? 0 : $0.element, unless: shared?.gradients[$0.offset])
      } : []
    scratch = AlignedBuffer(
      count: plan.scratchCount(rows: rows), zero: 0)
    self.buffers = buffers
  }

  /// Moves this rank's rows of what is shared to `row` of the node's.
  func place(atRow row: Int) {
    guard let shared else { return }
    for (i, all) in shared.activations { activations[i] = all.dropping(rows: row) }
    for (i, all) in shared.gradients { gradients[i] = all.dropping(rows: row) }
  }
}
