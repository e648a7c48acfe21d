extension SyntheticDigits {
  /// Ways of writing one digit that share their strokes and knots, so that any mixture of them is a way too.
  struct GlyphFamily: Sendable {
    /// How often the family is picked among those of its digit.
    let weight: UInt32
    /// The knots of each stroke.
    let strokes: [Range<Int>]
    /// The knots of each exemplar, stroke after stroke, in units of the digit's height.
    let exemplars: [[Point]]

    static let maximumKnots = 24

    var count: Int { strokes.last!.upperBound }

    /// Reads exemplars such as `10,8 88,6! 36,100 / 34,52 84,48`: knots `x,y` in hundredths of the height from the top
    /// left, `!` after a sharp corner, `/` where the pen is lifted.
    init(_ weight: UInt32, _ texts: String...) {
      var strokes: [[Range<Int>]] = []
      var exemplars: [[Point]] = []
      for text in texts {
        var knots: [Point] = []
        var ranges: [Range<Int>] = []
        for stroke in text.split(separator: "/") {
          let start = knots.count
          for knot in stroke.split(separator: " ") {
            let numbers = knot.split { $0 == "," || $0 == "!" }.map { Float($0)! }
            knots.append(Point(numbers[0] / 100, numbers[1] / 100, knot.hasSuffix("!") ? 1 : 0))
          }
          ranges.append(start..<knots.count)
        }
        strokes.append(ranges)
        exemplars.append(knots)
      }
      precondition(strokes.allSatisfy { $0 == strokes[0] }, "exemplars of one family differ: \(texts)")
      precondition(strokes[0].allSatisfy { $0.count >= 2 }, "a stroke needs two knots: \(texts)")
      precondition(exemplars[0].count <= Self.maximumKnots, "too many knots: \(texts)")
      self.weight = weight
      self.strokes = strokes[0]
      self.exemplars = exemplars
    }

    static func pick(digit: Int, _ draws: inout Draws) -> GlyphFamily {
      let families = glyphs[digit]
      let total = families.reduce(0) { $0 + $1.weight }
      var rest = draws.bits() % total
      for family in families {
        if rest < family.weight { return family }
        rest -= family.weight
      }
      return families[0]
    }

    /// Writes a mixture of two exemplars, or a little beyond one of them, as an unsteady hand does: an error in the
    /// place of one knot carries over to the next, so that strokes wander rather than tremble.
    func write(into knots: UnsafeMutableBufferPointer<Point>, _ draws: inout Draws) {
      let one = exemplars[Int(draws.bits() % UInt32(exemplars.count))]
      let other = exemplars[Int(draws.bits() % UInt32(exemplars.count))]
      let mixture = draws.uniform(-0.2, 1.2)
      let sharpness = draws.uniform(0.2, 1)
      let shake = draws.uniform(0.015, 0.095)
      for stroke in strokes {
        var drift = Point(draws.normal(0.04), draws.normal(0.04), 0)
        for i in stroke {
          var knot = one[i] + (other[i] - one[i]) * mixture
          knot.z = min(max(knot.z, 0), 1) * sharpness
          drift = drift * 0.6 + Point(draws.normal(shake), draws.normal(shake), 0)
          knots[i] = knot + drift
        }
        // The pen lands early or late and leaves early or late.
        let (first, last) = (stroke.lowerBound, stroke.upperBound - 1)
        let (early, late) = (draws.normal(0.15), draws.normal(0.15))
        knots[first] += (knots[first] - knots[first + 1]) * early
        knots[last] += (knots[last] - knots[last - 1]) * late
      }
    }
  }
}
