import LockstepCore
import Testing

/// Losses and their gradients against PyTorch: see Tests/Golden/losses.py.
@Suite struct GoldenLossTests {
  struct Case: Decodable {
    let rows: Int
    let classes: Int
    let smoothing: Double
    /// Of the classes; nil for none.
    let weights: [Double]?
    let losses: [Double]
    let gradient: [Double]
  }

  @Test func crossEntropyIsPyTorchs() throws {
    let cases: [Case] = try Golden.load("losses.json")
    #expect(cases.count == 18)
    for golden in cases {
      let loss = SoftmaxCrossEntropy(
        classes: golden.classes, capacity: golden.rows, labelSmoothing: Float(golden.smoothing),
        weights: golden.weights?.map { Float($0) })
      let stride = (golden.classes + 15) / 16 * 16
      let logits = AlignedBuffer<Float>(count: golden.rows * stride, zero: 0)
      let gradient = AlignedBuffer<Float>(count: golden.rows * stride, zero: 0)
      for row in 0..<golden.rows {
        for c in 0..<golden.classes {
          logits.pointer[row * stride + c] = 4 * Golden.number(3, row * golden.classes + c)
        }
      }
      let labels = (0..<golden.rows).map { Int32(7 * $0 % golden.classes) }
      let divisor = labels.reduce(0.0) { $0 + (golden.weights?[Int($1)] ?? 1) }
      labels.withUnsafeBufferPointer { labels in
        loss.evaluate(
          0..<golden.rows, logits: Activations(logits.pointer, features: golden.classes),
          labels: labels.baseAddress!, divisor: divisor,
          gradient: Activations(gradient.pointer, features: golden.classes))
      }
      let mean = golden.losses.reduce(0, +) / divisor
      let found = loss.total(rows: golden.rows, divisor: divisor).loss
      #expect(abs(found - mean) <= 2e-6 * mean, "\(golden.classes) classes, smoothing \(golden.smoothing)")
      let values = (0..<golden.rows).flatMap { row in
        (0..<golden.classes).map { Double(gradient.pointer[row * stride + $0]) }
      }
      #expect(relativeError(values, golden.gradient) <= 1e-6, "\(golden.classes), \(golden.smoothing)")
    }
  }
}
