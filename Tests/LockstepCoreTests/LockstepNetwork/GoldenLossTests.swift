import LockstepCore
import Testing

/// Losses and their gradients against PyTorch: see Tests/Golden/losses.py.
@Suite struct GoldenLossTests {
  struct Case: Decodable {
    let rows: Int
    let classes: Int
    let smoothing: Double
    /// Whether rows have two labels.
    let mixed: Bool
    /// Of the classes; nil for none.
    let weights: [Double]?
    let losses: [Double]
    let gradient: [Double]
  }

  @Test func crossEntropyIsPyTorchs() throws {
    let cases: [Case] = try Golden.load("losses.json")
    #expect(cases.count == 36)
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
      let mixed = MixedRows(capacity: golden.rows)
      var divisor = 0.0
      for row in 0..<golden.rows {
        (mixed.labels.pointer[row], mixed.parts.pointer[row]) = (
          Int32((5 * row + 1) % golden.classes), Float(row) / 8
        )
        func weight(_ label: Int32) -> Double { golden.weights?[Int(label)] ?? 1 }
        let part = golden.mixed ? Double(row) / 8 : 0
        divisor += (1 - part) * weight(labels[row]) + part * weight(mixed.labels.pointer[row])
      }
      labels.withUnsafeBufferPointer { labels in
        loss.evaluate(
          0..<golden.rows, outputs: Activations(logits.pointer, features: golden.classes),
          targets: BatchTargets(
            labels: labels.baseAddress!, others: golden.mixed ? UnsafePointer(mixed.labels.pointer) : nil,
            parts: golden.mixed ? UnsafePointer(mixed.parts.pointer) : nil),
          divisor: divisor, gradient: Activations(gradient.pointer, features: golden.classes))
      }
      let mean = golden.losses.reduce(0, +) / divisor
      let found = loss.total(rows: golden.rows, divisor: divisor).loss.value
      #expect(abs(found - mean) <= 2e-6 * mean, "\(golden.classes) classes, smoothing \(golden.smoothing)")
      let values = (0..<golden.rows).flatMap { row in
        (0..<golden.classes).map { Double(gradient.pointer[row * stride + $0]) }
      }
      #expect(relativeError(values, golden.gradient) <= 1e-6, "\(golden.classes), \(golden.smoothing)")
    }
  }

  struct ErrorCase: Decodable {
    let loss: String
    let rows: Int
    let columns: Int
    let value: Double
    let gradient: [Double]
  }

  @Test func lossesOfNumbersArePyTorchs() throws {
    let cases: [ErrorCase] = try Golden.load("errors.json")
    #expect(cases.count == 8)
    for golden in cases {
      let (rows, columns) = (golden.rows, golden.columns)
      let loss = try LossRegistry.make(
        golden.loss, outputs: columns, capacity: rows, scaling: .none(columns: columns))
      let stride = (columns + 15) / 16 * 16
      let outputs = AlignedBuffer<Float>(count: rows * stride, zero: 0)
      // What lies beyond the columns is to be zero, whatever was there.
      let gradient = AlignedBuffer<Float>(count: rows * stride, zero: 0)
      gradient.elements.update(repeating: .nan)
      for index in 0..<rows * columns {
        outputs.pointer[index / columns * stride + index % columns] = 4 * Golden.number(3, index)
      }
      let targets = (0..<rows * columns).map { 3 * Golden.number(4, $0) }
      targets.withUnsafeBufferPointer { targets in
        loss.evaluate(
          0..<rows, outputs: Activations(outputs.pointer, features: columns),
          targets: BatchTargets(
            labels: UnsafeRawPointer(targets.baseAddress!).assumingMemoryBound(to: Int32.self),
            values: targets.baseAddress!, columns: columns),
          divisor: Double(rows), gradient: Activations(gradient.pointer, features: columns))
      }
      let found = loss.total(rows: rows, divisor: Double(rows)).loss.value * loss.unit
      #expect(abs(found - golden.value) <= 1e-6 * golden.value, "\(golden.loss), \(columns)")
      let all = (0..<rows * stride).map { Double(gradient.pointer[$0]) }
      let values = (0..<rows * columns).map { all[$0 / columns * stride + $0 % columns] }
      #expect(relativeError(values, golden.gradient) <= 1e-6, "\(golden.loss), \(columns)")
      #expect(all.indices.allSatisfy { $0 % stride < columns || all[$0] == 0 })
    }
  }
}
