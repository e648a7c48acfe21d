import CKernels
import LockstepCore
import Testing

/// The exact weight gradient has a path for gradients known to be small, in single precision and integers, and one for
/// all others. Both must be the sum that the contract defines.
@Suite(.serialized) struct WeightGradientTests {
  static let inputs = 29
  static let outputs = 35

  /// One micro-batch each of 1, 0, 7, 12 and 3 rows.
  static let bounds: [Int32] = [0, 1, 1, 8, 20, 23]
  /// More micro-batches than fit the shorter of the ways to round a small sum.
  static let manyBounds = (0...23).map { Int32($0) }
  static var rows: Int { Int(bounds.last!) }

  struct Data: Sendable, CustomTestStringConvertible {
    var name: String
    var testDescription: String { name }
    var inputs = WeightGradientTests.inputs
    /// [rows, inputs] and [rows, outputs].
    var x: [Float]
    var dy: [Float]
  }

  /// The kernel's gradient in panels of [inputs + bias, 16], or nil where it refuses.
  private func gradient(_ data: Data, limit: Float, bounds: [Int32] = bounds) -> Bits? {
    let stride = (Self.outputs + 15) / 16 * 16
    let panels = stride / 16
    let written = AlignedBuffer<Double>(count: panels * (data.inputs + 1) * 16, zero: .nan)
    let gradient = written.pointer
    let sink = kernel_gradient_sink(exact: gradient, fast: nil, integers: nil, update: nil)
    let isFine = run(data, limit: limit, bounds: bounds, sink: sink)
    return isFine ? Bits(Array(written.elements)) : nil
  }

  /// The kernel on all inputs and panels.
  private func run(_ data: Data, limit: Float, bounds: [Int32], sink: kernel_gradient_sink) -> Bool {
    let (xStride, dyStride) = ((data.inputs + 15) / 16 * 16, (Self.outputs + 15) / 16 * 16)
    return padded(data.x, features: data.inputs).withUnsafeBufferPointer { x in
      padded(data.dy, features: Self.outputs).withUnsafeBufferPointer { dy in
        bounds.withUnsafeBufferPointer { bounds in
          kernel_dense_weight_gradient(
            kernel_dense_gradient(
              x: kernel_matrix(elements: x.baseAddress, stride: xStride),
              dy: kernel_matrix(elements: dy.baseAddress, stride: dyStride), inputs: data.inputs, sink: sink),
            kernel_micro_batches(bounds: bounds.baseAddress, count: Int32(bounds.count - 1)), limit,
            kernel_range(begin: 0, end: data.inputs + 1), kernel_range(begin: 0, end: dyStride / 16))
        }
      }
    }
  }

  /// The contract's words: each micro-batch's sum as one ascending chain of fused multiply-adds in Float, rounded to
  /// the nearest multiple of 2^-42, ties to even; then an exact sum.
  private func reference(_ data: Data, bounds: [Int32] = bounds) -> [Double] {
    let panels = (Self.outputs + 15) / 16
    var gradient = [Double](repeating: 0, count: panels * (data.inputs + 1) * 16)
    for i in 0...data.inputs {
      for o in 0..<Self.outputs {
        var units = 0.0
        for (begin, end) in zip(bounds, bounds.dropFirst()) {
          let chain = (Int(begin)..<Int(end)).reduce(Float(0)) { sum, r in
            sum.addingProduct(
              i < data.inputs ? data.x[r * data.inputs + i] : 1, data.dy[r * Self.outputs + o])
          }
          units += (Double(chain) * 0x1p42).rounded(.toNearestOrEven)
        }
        gradient[((o / 16) * (data.inputs + 1) + i) * 16 + o % 16] = units * 0x1p-42
      }
    }
    // A sum that is zero is +0.
    return gradient.map { $0 + 0 }
  }

  /// Limits below 4 take the checked path.
  @Test(arguments: data)
  func bothPathsAreTheContract(data: Data) {
    let expected = Bits(reference(data))
    for name in ISA.names {
      ISA.with(name) {
        #expect(gradient(data, limit: 512) == expected, "\(name)")
        if data.name != "zero" { #expect(gradient(data, limit: 3.999) == expected, "\(name), checked") }
      }
    }
  }

  /// What is applied at once is the exact sum, rounded to Float once: a step of rate -1 from 0 shows it.
  @Test(arguments: data, [bounds, manyBounds, [0, 23]])
  func appliedAtOnce(data: Data, bounds: [Int32]) {
    let expected = reference(data, bounds: bounds)
    for name in ISA.names {
      for limit in [Float(512), 3.999] {
        let found = ISA.with(name) { applied(data, limit: limit, bounds: bounds) }
        // The small sums of inputs that are all zero are zero of either path.
        #expect(found.map { $0.map { $0 + 0 } } == expected.map { Float($0) }, "\(name), limit \(limit)")
      }
    }
  }

  private func applied(_ data: Data, limit: Float, bounds: [Int32]) -> [Float] {
    let stride = (Self.outputs + 15) / 16 * 16
    let panels = stride / 16
    let weights = AlignedBuffer<Float>(count: panels * (data.inputs + 1) * 16, zero: 0)
    var update = kernel_update()
    (update.kind, update.learning_rate, update.weights) = (KERNEL_SGD, -1, weights.pointer)
    withUnsafePointer(to: update) {
      let sink = kernel_gradient_sink(exact: nil, fast: nil, integers: nil, update: $0)
      _ = run(data, limit: limit, bounds: bounds, sink: sink)
    }
    return Array(weights.elements)
  }

  /// Many rows are summed block by block for several tiles of inputs at once, in the contract's order all the same.
  @Test(arguments: [false, true], [[0, 700], [0, 300, 300, 301, 430, 431, 650, 700]])
  func blocksOfRows(mostlyZero: Bool, bounds: [Int32]) {
    let (rows, inputs) = (700, 210)
    var numbers = Numbers(seed: 12)
    let x = numbers.floats(rows * inputs).enumerated().map {
      mostlyZero ? Self.sparse($0.offset, $0.element) : $0.element
    }
    let data = Data(
      name: "many rows", inputs: inputs, x: x, dy: numbers.floats(rows * Self.outputs, scale: 0.002))
    let expected = reference(data, bounds: bounds)
    for name in ISA.names {
      ISA.with(name) {
        #expect(gradient(data, limit: 512, bounds: bounds) == Bits(expected), "\(name)")
        #expect(applied(data, limit: 512, bounds: bounds) == expected.map { Float($0) }, "\(name), applied")
      }
    }
  }

  /// Sums over 4 have no fast path, and are the contract's up to the limit.
  @Test func largeGradients() {
    let plain = Self.data[0]
    let large = Data(name: "large", x: plain.x.map { $0 * 100 }, dy: plain.dy)
    for name in ISA.names {
      ISA.with(name) { #expect(gradient(large, limit: 512) == Bits(reference(large))) }
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity, 513, -513, 1e30])
  func oneBadValueIsReported(bad: Float) {
    for name in ISA.names {
      ISA.with(name) {
        for place in [0, 5, 16, Self.inputs - 1] {
          var data = Self.data[0]
          // A row of its own micro-batch, with a gradient of one.
          data.dy.replaceSubrange(0..<Self.outputs, with: repeatElement(1, count: Self.outputs))
          data.x[place] = bad
          #expect(gradient(data, limit: 512) == nil, "\(name): \(bad) at input \(place)")
        }
        for place in [0, 15, 16, Self.outputs - 1] {
          var data = Self.data[0]
          data.dy[place] = bad
          #expect(gradient(data, limit: 512) == nil, "\(name): \(bad) at output \(place)")
        }
      }
    }
  }

  @Test func theLimitItselfIsAllowed() {
    var data = Self.data[6]
    data.x = data.x.map { _ in 0 }
    data.dy = data.dy.map { _ in 0 }
    data.dy[0] = 512
    #expect(gradient(data, limit: 512) != nil)
    data.dy[0] = Float(512).nextUp
    #expect(gradient(data, limit: 512) == nil)
  }
}
