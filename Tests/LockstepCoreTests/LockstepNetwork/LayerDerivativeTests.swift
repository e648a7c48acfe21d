import LockstepCore
import Testing

/// The backward pass of every kind of layer against central differences of its forward pass, in Double: of fourth order
/// (Abramowitz and Stegun 25.3.6), so that steps are large enough not to see Float's rounding.
@Suite struct LayerDerivativeTests {
  static let layouts: [FeatureLayout] = [
    .vector(19), .planes(channels: 2, height: 5, width: 6), .interleaved(channels: 2, height: 5, width: 6),
  ]
  private static let step = 0x1p-6
  /// What a value is moved by, in steps, and the weight of what comes out.
  private static let differences = [(2.0, -1.0), (1, 8), (-1, -8), (-2, 1)]

  @Test(arguments: LayerRegistry.examples.filter { $0 != "flatten" }, layouts)
  func gradientIsTheDerivative(example: String, input: FeatureLayout) throws {
    // Nothing asks a convolution for the gradient of a dataset's planes.
    if example.hasPrefix("conv"), input == Self.layouts[1] { return }
    let (layer, n) = (LayerSpecification(example)!, input.features)
    guard let one = try? LayerRun([layer], input: input, rows: 1) else { return }
    // Samples that depend on each other have their derivatives in GradientCheckTests.
    if one.layers[0] is any MicroBatchLayer { return }
    // An eighth apart: no step leads past a corner at 0, or changes which one is the largest.
    let x = (0..<n).map { Float(7 * $0 % n - n / 2) / 8 + 0.0625 }
    let dy = Golden.numbers(2, count: one.output.features)
    let tensors = one.tensors.enumerated().map { Golden.numbers(3 + $0, count: $1.count) }
    let found = try one.run(x: x, dy: dy, tensors: tensors).dx

    // A sample for each value and each difference.
    var moved: [Float] = []
    for (at, (steps, _)) in (0..<n).flatMap({ at in Self.differences.map { (at, $0) } }) {
      moved += x
      moved[moved.count - n + at] += Float(steps * Self.step)
    }
    let all = try LayerRun([layer], input: input, rows: 4 * n).run(x: moved, tensors: tensors).y
    func sum(_ row: Int) -> Double {
      dy.indices.reduce(0) { $0 + Double(dy[$1]) * all[row * dy.count + $1] }
    }
    let derivatives = (0..<n).map { at in
      Self.differences.enumerated().reduce(0) { $0 + $1.element.1 * sum(4 * at + $1.offset) }
        / (12 * Self.step)
    }
    #expect(derivatives.contains { abs($0) > 0.01 })
    // A normalization's derivatives are small beside the values whose rounding the differences see.
    #expect(relativeError(found, derivatives) < (example.contains("norm") ? 1e-4 : 3e-5))
  }
}
