import CKernels
import LockstepData
import LockstepSupport

/// The memory that a plan needs for batches of up to `capacity` samples: the activations of every layer and, for
/// learning, the gradients with respect to them. Each has its own buffer, so that padding stays zero.
package final class Workspace {
  package let capacity: Int
  /// `activations[0]` is the input, `activations[i + 1]` is the output of the plan's unit i.
  package private(set) var activations: [Activations]
  /// dL / d`activations[i]`; that of the input is not computed. Empty if the workspace is for evaluation.
  package private(set) var gradients: [Activations]
  package let scratch: AlignedBuffer<Float>
  private let buffers: [AlignedBuffer<Float>]
  /// By unit: the gradient of its input, where it is added to that of later units.
  private let parts: [Int: Activations]
  private let shared: SharedRows?
  /// The transposed weights of a head that is fused with the loss.
  let transposedHead: ThreadCopies?

  package var input: Activations { activations[0] }
  package var logits: Activations { activations[activations.count - 1] }
  package var logitsGradient: Activations { gradients[gradients.count - 1] }

  /// For a team of `threads`.
  package convenience init(_ plan: FusionPlan, capacity: Int, learns: Bool, threads: Int = 1) {
    self.init(plan, capacity: capacity, learns: learns, threads: threads, shared: nil, copiesInput: false)
  }

  /// `shared` provides the activations and gradients that the ranks of a node share. With `copiesInput` each thread has
  /// its own copy of the input.
  package init(
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
    parts = Dictionary(
      uniqueKeysWithValues: (learns ? plan.partialUnits : []).map {
        ($0, allocate(plan.inputCount(of: $0), unless: nil))
      })
    scratch = AlignedBuffer(count: plan.scratchCount(rows: rows), zero: 0)
    self.buffers = buffers
  }

  /// The bytes of a workspace: for samples, and for the copies of all threads. The rows of `shared` units are
  /// elsewhere.
  package static func byteCount(
    _ plan: FusionPlan, capacity: Int, learns: Bool, shared: Set<Int> = [], threads: Int = 1,
    copiesInput: Bool = false
  ) -> (samples: Double, threads: Double) {
    let rows = Double(paddedToPanel(max(capacity, 1)))
    func row(_ features: Int) -> Double { rows * Double(rowStride(features)) }
    let outputs = plan.units.map(\.layer.output.count)
    var floats = Double(plan.scratchCount(rows: Int(rows)))
    let sharedInputs = Set(shared.map { plan.units[$0].input })
    for (i, features) in ([plan.network.input.count] + outputs).enumerated() {
      if !sharedInputs.contains(i) { floats += row(features) }
      if learns, !shared.contains(i - 1) { floats += row(i == 0 ? 0 : features) }
    }
    if learns { floats += plan.partialUnits.reduce(0) { $0 + row(plan.inputCount(of: $1)) } }
    let copied =
      (copiesInput ? row(plan.network.input.count) : 0)
      + Double(learns ? plan.head?.transposedCount ?? 0 : 0)
    return (4 * floats, 4 * Double(threads) * copied)
  }

  /// Where a unit of one input writes the gradient of it; nil if no layer below learns.
  func inputGradient(_ unit: PlanUnit, _ number: Int) -> Activations? {
    guard !gradients.isEmpty, unit.edges[0].wantsGradient else { return nil }
    return parts[number] ?? gradients[unit.input]
  }

  /// Adds what a unit has written to the gradient that it is a part of.
  func gather(_ unit: PlanUnit, _ number: Int, _ pass: Pass) {
    guard let part = parts[number] else { return }
    let sum = gradients[unit.input]
    pass.team.split(pass.rows, grain: 4) {
      kernel_add(sum.pointer, part.pointer, sum.pointer, false, sum.elements(of: $0).kernel)
    }
  }

  /// Places this rank's rows of the shared buffers at `row` of the node's rows.
  package func place(atRow row: Int) {
    guard let shared else { return }
    for (i, all) in shared.activations { activations[i] = all.dropping(rows: row) }
    for (i, all) in shared.gradients { gradients[i] = all.dropping(rows: row) }
  }
}
