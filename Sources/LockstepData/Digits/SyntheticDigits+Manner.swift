extension SyntheticDigits {
  /// How a digit is written on average, fitted to the moments of MNIST's training images.
  struct Manner: Sendable {
    /// How far the pen moves to the right on its way up, as a fraction of the height.
    let slant: Float
    /// Relative to the glyphs.
    let width: Float
    /// Relative to the pen of the digit 1: a digit of more turns is written larger, so its lines come out thinner.
    let thickness: Float

    static let ofDigits = [
      Manner(slant: 0.23, width: 1.05, thickness: 1.02),
      Manner(slant: 0.28, width: 1.00, thickness: 1.01),
      Manner(slant: 0.15, width: 1.00, thickness: 0.89),
      Manner(slant: 0.08, width: 0.96, thickness: 0.89),
      Manner(slant: 0.20, width: 0.93, thickness: 0.82),
      Manner(slant: 0.07, width: 0.98, thickness: 0.86),
      Manner(slant: 0.06, width: 0.96, thickness: 0.84),
      Manner(slant: 0.04, width: 0.97, thickness: 0.87),
      Manner(slant: 0.15, width: 0.97, thickness: 0.79),
      Manner(slant: 0.07, width: 0.93, thickness: 0.78),
    ]
  }
}
