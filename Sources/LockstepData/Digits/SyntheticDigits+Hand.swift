import LockstepSupport

extension SyntheticDigits {
  /// The writer's hand: slant, rotation, proportions, and a smooth warp of the paper.
  struct Hand {
    private let slant: Float
    private let cosine: Float
    private let sine: Float
    private let width: Float
    /// Coefficients of x^2, xy, y^2, x^3, y^3 in the displacements along x and y.
    private let warpX: SIMD8<Float>
    private let warpY: SIMD8<Float>

    init(_ draws: inout Draws, manner: Manner) {
      slant = manner.slant + draws.normal(0.24)
      // A rotation by twice the angle whose tangent is t, without trigonometry.
      let t = draws.normal(0.05)
      cosine = (1 - t * t) / (1 + t * t)
      sine = 2 * t / (1 + t * t)
      let stretch = draws.normal(0.22)
      width = manner.width * (stretch < 0 ? 1 / (1 - stretch) : 1 + stretch)
      var x = SIMD8<Float>()
      var y = SIMD8<Float>()
      for i in 0..<3 {
        x[i] = draws.normal(0.2)
        y[i] = draws.normal(0.2)
      }
      for i in 3..<5 {
        x[i] = draws.normal(0.3)
        y[i] = draws.normal(0.3)
      }
      warpX = x
      warpY = y
    }

    /// Moves the knots in place.
    func move(_ knots: UnsafeMutableBufferPointer<Point>, count: Int) {
      for i in 0..<count {
        let (x, y) = (knots[i].x - 0.5, knots[i].y - 0.5)
        let terms = SIMD8<Float>(x * x, x * y, y * y, x * x * x, y * y * y, 0, 0, 0)
        let warped = (x + Self.dot(terms, warpX), y + Self.dot(terms, warpY))
        let slanted = warped.0 * width - slant * warped.1
        knots[i].x = cosine * slanted - sine * warped.1
        knots[i].y = sine * slanted + cosine * warped.1
      }
    }

    /// Sums from left to right: the order is part of the contract.
    private static func dot(_ a: SIMD8<Float>, _ b: SIMD8<Float>) -> Float {
      a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3] + a[4] * b[4]
    }
  }
}
