/// Dropout (Srivastava et al. 2014), inverted: in training each unit is set to zero with probability p and the others are
/// divided by 1 - p; in evaluation nothing happens. A unit is a feature, or a whole channel (Dropout2d; Tompson et al.
/// 2015). `[rows, n] -> [rows, n]`.
///
/// Whether a unit is dropped is a function of (seed, epoch, sample, layer, unit): not of ranks, threads or layout.
public struct Dropout: Layer {
  public let output: FeatureLayout
  public let probability: Float
  /// Whether whole channels are dropped.
  public let dropsChannels: Bool
  /// The layer's place in the network, which tells its random numbers from those of other layers.
  public let number: Int
  /// Where the features lie, in canonical order.
  private let positions: [Int]

  public init(_ layout: FeatureLayout, probability: Float, dropsChannels: Bool, number: Int) {
    precondition(0..<1 ~= probability)
    output = layout
    self.probability = probability
    self.dropsChannels = dropsChannels
    self.number = number
    positions = (0..<layout.features).map(layout.position)
  }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    apply(x, to: y, pass: pass)
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    if let dx { apply(dy, to: dx, pass: pass) }
    return true
  }

  /// to = from times the mask, which is linear and so its own derivative.
  private func apply(_ from: Activations, to: Activations, pass: Pass) {
    guard let randomness = pass.randomness, probability > 0 else {
      to.pointer.update(from: from.pointer, count: pass.rows * from.stride)
      return
    }
    pass.team.split(pass.rows, grain: 2) { [self] rows in
      for row in rows { apply(from.row(row), to: to.row(row), random: stream(of: row, randomness)) }
    }
  }

  private func stream(of row: Int, _ randomness: Pass.Randomness) -> CounterRandom {
    CounterRandom(
      seed: randomness.seed, purpose: .dropout, time: randomness.epoch, sample: randomness.samples[row])
  }

  /// A layer's units are the elements of the stream from 2^24 number on: networks have at most 1000 layers, so that the
  /// blocks of four elements are numbered in 32 bits.
  private func apply(
    _ from: UnsafeMutablePointer<Float>, to: UnsafeMutablePointer<Float>, random: CounterRandom
  ) {
    let units = dropsChannels ? output.image?.channels ?? output.features : output.features
    let featuresPerUnit = output.features / units
    let threshold = UInt32(Double(probability) * 0x1p32)
    let scale = 1 / (1 - probability)
    positions.withUnsafeBufferPointer { positions in
      for start in stride(from: 0, to: units, by: 4) {
        let bits = random.block(number << 22 | start / 4)
        for unit in start..<min(start + 4, units) {
          let factor = bits[unit - start] < threshold ? 0 : scale
          for feature in unit * featuresPerUnit..<(unit + 1) * featuresPerUnit {
            let at = positions[feature]
            to[at] = from[at] * factor
          }
        }
      }
    }
  }
}
