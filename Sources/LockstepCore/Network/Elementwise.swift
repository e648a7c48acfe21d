/// Walks over features without touching the padding between them, which must stay zero.
enum Elementwise {
  /// Calls the body with the offset and length of each run of features, rows split over the threads.
  static func forEachRun(
    of layout: FeatureLayout, stride: Int, pass: Pass, _ body: @escaping (Int, Int) -> Void
  ) {
    let runs = layout.runs
    pass.team.split(pass.rows, grain: 8) { rows in
      for row in rows {
        for run in 0..<runs.count { body(row * stride + run * runs.stride, runs.length) }
      }
    }
  }

  /// dx = derivative(y) dy, where the derivative is a function of the layer's own output.
  static func backward(
    of layout: FeatureLayout, y: Activations, dy: Activations, dx: Activations?, pass: Pass,
    derivative: @escaping (Float) -> Float
  ) {
    guard let dx else { return }
    forEachRun(of: layout, stride: y.stride, pass: pass) { at, count in
      for i in at..<at + count { dx.pointer[i] = derivative(y.pointer[i]) * dy.pointer[i] }
    }
  }
}
