import CKernels
import LockstepData
import LockstepSupport

/// Dropout (Srivastava et al. 2014), inverted: in training each unit is set to zero with probability p and the others
/// are divided by 1 - p; in evaluation nothing happens. A unit is a feature, or a whole channel (Dropout2d; Tompson
/// et al. 2015). `[rows, n] -> [rows, n]`.
///
/// Whether a unit is dropped is a function of (seed, epoch, sample, layer, unit): not of ranks, threads or layout.
package struct Dropout: RowwiseLayer {
  package let output: FeatureLayout
  package let probability: Float
  /// Whether whole channels are dropped.
  package let dropsChannels: Bool
  /// The layer's position in the network, which gives it random numbers of its own.
  package let number: Int
  /// The period of the mask in floats: one pixel if whole interleaved channels are dropped.
  private let period: Int
  private let featuresPerUnit: Int
  /// Where the mask's features are in memory, in canonical order.
  private let positions: [Int]

  package init(_ layout: FeatureLayout, probability: Float, dropsChannels: Bool, number: Int) {
    precondition(0..<1 ~= probability)
    output = layout
    self.probability = probability
    self.dropsChannels = dropsChannels
    self.number = number
    let image = dropsChannels ? layout.image : nil
    if let image, layout.isInterleaved {
      (period, featuresPerUnit) = (image.pixelStride, 1)
      positions = Array(0..<image.channels)
    } else {
      (period, featuresPerUnit) = (layout.count, image.map { $0.height * $0.width } ?? 1)
      positions = (0..<layout.features).map(layout.position)
    }
  }

  private var units: Int { positions.count / featuresPerUnit }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let randomness = pass.randomness
    return { apply(x, to: y, rows: $0, randomness) }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let randomness = pass.randomness
    return { rows, dy, dx in
      if let dx { apply(dy, to: dx, rows: rows, randomness) }
    }
  }

  /// to = from times the mask: the same backward as forward.
  private func apply(
    _ from: Activations, to: Activations, rows: Range<Int>, _ randomness: Pass.Randomness?
  ) {
    guard let randomness, probability > 0 else {
      to.row(rows.lowerBound).update(from: from.row(rows.lowerBound), count: rows.count * from.stride)
      return
    }
    // Room for whole blocks of random numbers, and the mask in the order of memory.
    let units = AlignedBuffer<Float>(count: (self.units + 31) / 32 * 32, zero: 0)
    let mask = AlignedBuffer<Float>(count: period, zero: 0)
    for row in rows {
      draw(units.pointer, sample: randomness.samples[row], randomness)
      for (unit, at) in positions.enumerated() { mask.pointer[at] = units.pointer[unit / featuresPerUnit] }
      kernel_multiply_repeated(from.row(row), mask.pointer, period, to.row(row), output.count)
    }
  }

  /// The factor of each unit. A layer's units are elements of the stream, starting at 2^24 times `number`: networks
  /// have at most 1000 layers, so block numbers fit into 32 bits.
  private func draw(_ factors: UnsafeMutablePointer<Float>, sample: Int, _ randomness: Pass.Randomness) {
    let stream = CounterRandom(
      seed: randomness.seed, purpose: .dropout, time: randomness.epoch, sample: sample)
    kernel_dropout_factors(
      kernel_random(
        seed: stream.seed, sample: stream.sample, time: stream.time, purpose: stream.purpose.rawValue),
      UInt32(number) << 22, UInt32(Double(probability) * 0x1p32), 1 / (1 - probability), factors, units)
  }

  /// Evaluation drops nothing.
  package func append(to graph: inout OperatorGraph) {}
}

extension Dropout {
  struct Form: LayerForm {
    static let keyword = "dropout"
    static let parts: [FormPart<Form>] = [.required(.probability("P"), \.probability)]
    static let examples = ["dropout 0.25"]
    var probability = 0.5

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      try Dropout.make(probability, dropsChannels: false, in: &network)
    }
  }

  /// Whole channels.
  struct ChannelForm: LayerForm {
    static let keyword = "dropout2d"
    static let parts: [FormPart<ChannelForm>] = [.required(.probability("P"), \.probability)]
    static let examples = ["dropout2d 0.25"]
    var probability = 0.5

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      _ = try network.requireImage()
      return try Dropout.make(probability, dropsChannels: true, in: &network)
    }
  }

  private static func make(
    _ probability: Double, dropsChannels: Bool, in network: inout NetworkBuilder
  ) throws -> Dropout {
    try network.count(tableEntries: network.layout.features)
    return Dropout(
      network.layout, probability: Float(probability), dropsChannels: dropsChannels, number: network.position)
  }
}

extension LayerSpecification {
  /// 'dropout P': `[n] -> [n]`, each feature 0 in training with a probability from 0 to below 1.
  public static func dropout(_ probability: Double) -> Self { Self(Dropout.Form(probability: probability)) }

  /// 'dropout2d P': `[c, h, w] -> [c, h, w]`, the same of whole channels.
  public static func dropout2D(_ probability: Double) -> Self {
    Self(Dropout.ChannelForm(probability: probability))
  }
}
