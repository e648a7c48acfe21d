import LockstepData

/// Walks over features without touching the padding between them, which must stay zero.
enum Elementwise {
  /// Calls the body with the row, the offset in it and the length of each run of features.
  static func forEachRun(
    of layout: FeatureLayout, _ body: @escaping (_ row: Int, _ at: Int, _ count: Int) -> Void
  ) -> (_ rows: Range<Int>) -> Void {
    let runs = layout.runs
    return { rows in
      for row in rows {
        for run in 0..<runs.count { body(row, run * runs.stride, runs.length) }
      }
    }
  }

  /// dx = derivative(y) dy, where the derivative is a function of the layer's own output.
  static func inputGradient(
    of layout: FeatureLayout, y: Activations, derivative: @escaping (Float) -> Float
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    { rows, dy, dx in
      guard let dx else { return }
      forEachRun(of: layout) { row, at, count in
        let (y, dy, dx) = (y.row(row), dy.row(row), dx.row(row))
        for i in at..<at + count { dx[i] = derivative(y[i]) * dy[i] }
      }(rows)
    }
  }
}
