import CKernels
import LockstepData
import LockstepSupport

/// Max pooling without padding, followed by a ReLU if it is rectified (the two commute):
///
///     y[c, r, q] = the largest of x[c, stride r + i, stride q + j] over 0 <= i, j < size
///     [rows, channels, h, w] -> [rows, channels, (h - size) / stride + 1, (w - size) / stride + 1]
///
/// The gradient goes to the first largest element of each window in reading order, as PyTorch's does.
package struct MaxPool2D: RowwiseLayer {
  private let windows: PoolingWindows
  package let isRectified: Bool

  /// `input` must be an image of at least size x size.
  package init(input: FeatureLayout, size: Int, stride: Int, isRectified: Bool = false) {
    self.init(PoolingWindows(over: input, size: size, stride: stride), isRectified: isRectified)
  }

  private init(_ windows: PoolingWindows, isRectified: Bool) {
    (self.windows, self.isRectified) = (windows, isRectified)
  }

  package var output: FeatureLayout { windows.output }
  package var rectified: (any NetworkLayer)? { isRectified ? nil : MaxPool2D(windows, isRectified: true) }
  package var flopsPerSample: Int { output.features * (windows.height * windows.width - 1) }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let (geometry, isRectified) = (windows.geometry, isRectified)
    return { rows in
      for row in rows { kernel_max_pool_forward(geometry, x.row(row), y.row(row), isRectified) }
    }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let (geometry, isRectified, tiles) = (windows.geometry, isRectified, windows.tiles)
    return { rows, dy, dx in
      guard let dx else { return }
      for row in rows {
        if !tiles { dx.row(row).update(repeating: 0, count: dx.stride) }
        kernel_max_pool_backward(geometry, x.row(row), y.row(row), dy.row(row), dx.row(row), isRectified)
      }
    }
  }

  package func append(to graph: inout OperatorGraph) {
    graph.append("MaxPool", windows.attributes, shape: output.shape)
    if isRectified { graph.append("Relu") }
  }
}

extension MaxPool2D {
  struct Form: PoolingForm {
    static let keyword = "maxpool"
    var size = 2, stride = 2

    func makeLayer(input: FeatureLayout) -> any NetworkLayer {
      MaxPool2D(input: input, size: size, stride: stride)
    }
  }
}

extension LayerSpecification {
  /// 'maxpool K stride S': `[c, h, w] -> [c, (h - size) / stride + 1, (w - size) / stride + 1]`. Both are from 1 to a
  /// million.
  public static func maxPool(size: Int, stride: Int) -> Self {
    Self(MaxPool2D.Form(size: size, stride: stride))
  }
}
