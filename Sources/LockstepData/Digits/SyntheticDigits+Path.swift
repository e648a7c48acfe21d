extension SyntheticDigits {
  /// The pen's way over the paper as short straight steps: `z` is 1 at the end of a step that leaves ink and 0 where
  /// the pen lands.
  struct Path {
    static let stepsPerSpan = 4
    static let capacity = GlyphFamily.maximumKnots * stepsPerSpan

    let points: UnsafeMutableBufferPointer<Point>
    private(set) var count = 0

    init(_ points: UnsafeMutableBufferPointer<Point>) {
      self.points = points
    }

    private mutating func append(_ point: Point) {
      points[count] = point
      count += 1
    }

    /// A cardinal spline (cubic Hermite pieces) through the knots; its tangents shrink at sharp corners.
    mutating func trace(_ knots: UnsafeMutableBufferPointer<Point>, stroke: Range<Int>) {
      func tangent(_ i: Int) -> Point {
        let before = knots[max(i - 1, stroke.lowerBound)]
        let after = knots[min(i + 1, stroke.upperBound - 1)]
        return (after - before) * (0.5 * (1 - knots[i].z))
      }
      var (start, leaving) = (knots[stroke.lowerBound], tangent(stroke.lowerBound))
      append(Point(start.x, start.y, 0))
      for i in stroke.dropFirst() {
        let (end, arriving) = (knots[i], tangent(i))
        for step in 1...Self.stepsPerSpan {
          let t = Float(step) / Float(Self.stepsPerSpan)
          let u = 1 - t
          var point = start * ((1 + 2 * t) * u * u) + end * ((3 - 2 * t) * t * t)
          point += leaving * (t * u * u) - arriving * (t * t * u)
          append(Point(point.x, point.y, 1))
        }
        (start, leaving) = (end, arriving)
      }
    }

    /// Scales the path so that the larger side of its ink, from a pen of that radius, fills the pen's box, and puts it
    /// in the middle.
    func fit(radius: Float) {
      var (low, high) = (points[0], points[0])
      for i in 1..<count {
        low = pointwiseMin(low, points[i])
        high = pointwiseMax(high, points[i])
      }
      let size = high - low
      let scale = (Float(Pen.box.count) - 2 * radius) / max(max(size.x, size.y), 0.01)
      let corner = Point(repeating: 14) - size * (0.5 * scale)
      for i in 0..<count {
        let ink = points[i].z
        points[i] = (points[i] - low) * scale + corner
        points[i].z = ink
      }
    }
  }
}
