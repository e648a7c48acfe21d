import LockstepCore
import Testing

/// Max pooling by every build against loops over single numbers: windows that overlap, that touch, that leave pixels
/// out.
@Suite(.serialized) struct PoolingTests {
  struct Shape: Sendable {
    var channels, height, width, size, stride: Int
    var relu = false
    var outHeight: Int { (height - size) / stride + 1 }
    var outWidth: Int { (width - size) / stride + 1 }
  }

  static let shapes = [
    Shape(channels: 10, height: 8, width: 6, size: 2, stride: 2),
    Shape(channels: 20, height: 7, width: 9, size: 2, stride: 2, relu: true),
    Shape(channels: 33, height: 9, width: 6, size: 3, stride: 3, relu: true),
    Shape(channels: 3, height: 7, width: 8, size: 3, stride: 2),
    Shape(channels: 1, height: 5, width: 5, size: 2, stride: 1),
    Shape(channels: 17, height: 8, width: 11, size: 2, stride: 3, relu: true),
    Shape(channels: 2, height: 3, width: 4, size: 1, stride: 1),
  ]
  static let rows = 3

  /// y and dx; of several largest elements the first gets the gradient.
  private func reference(_ shape: Shape, x: [Float], dy: [Float]) -> (y: [Double], dx: [Double]) {
    var (y, dx) = ([Double](), [Double](repeating: 0, count: x.count))
    for plane in 0..<Self.rows * shape.channels {
      for r in 0..<shape.outHeight {
        for q in 0..<shape.outWidth {
          let window = (0..<shape.size * shape.size).map {
            (plane * shape.height + r * shape.stride + $0 / shape.size) * shape.width + q * shape.stride
              + $0 % shape.size
          }
          let largest = window.map { x[$0] }.max()!
          if !shape.relu || largest > 0 { dx[window.first { x[$0] == largest }!] += Double(dy[y.count]) }
          y.append(Double(shape.relu ? max(largest, 0) : largest))
        }
      }
    }
    return (y, dx)
  }

  @Test(arguments: shapes, [false, true])
  func isTheFirstLargest(shape: Shape, planes: Bool) throws {
    let input: FeatureLayout =
      planes
      ? .planes(channels: shape.channels, height: shape.height, width: shape.width)
      : .interleaved(channels: shape.channels, height: shape.height, width: shape.width)
    let layer = MaxPool2D(input: input, size: shape.size, stride: shape.stride, isRectified: shape.relu)
    // Few different numbers, so that many are the largest; quarters, so that sums are exact.
    var numbers = Numbers(seed: 8)
    let x = numbers.floats(Self.rows * input.features, scale: 2).map { ($0 * 2).rounded() / 2 + 0.25 }
    let dy = numbers.floats(Self.rows * layer.output.features, scale: 9).map { $0.rounded() + 0.25 }
    let expected = reference(shape, x: x, dy: dy)
    for name in ISA.names {
      let found = try ISA.with(name) {
        try LayerRun([layer], input: input, rows: Self.rows).run(x: x, dy: dy, stale: true, threads: 2)
      }!
      #expect(found.y == expected.y && found.dx == expected.dx, "\(name)")
    }
  }
}
