import CKernels
import LockstepData

/// Average pooling without padding:
///
///     y[c, r, q] = the mean of x[c, stride r + i, stride q + j] over 0 <= i, j < size
///     [rows, channels, h, w] -> [rows, channels, (h - size) / stride + 1, (w - size) / stride + 1]
///
/// or, global, of the whole image, `[rows, channels, h, w] -> [rows, channels]`, which needs no 'flatten' after it.
///
/// A mean is the sum in reading order, divided by the number of elements. Backward, each element gets dy divided by
/// that number; overlapping windows add up in reading order.
struct AvgPool2D: RowwiseLayer {
  let windows: PoolingWindows

  var output: FeatureLayout { windows.output }
  var flopsPerSample: Int { output.features * windows.height * windows.width }

  func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let geometry = windows.geometry
    return { rows in
      for row in rows { kernel_average_pool_forward(geometry, x.row(row), y.row(row)) }
    }
  }

  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let (geometry, tiles) = (windows.geometry, windows.tiles)
    return { rows, dy, dx in
      guard let dx else { return }
      for row in rows {
        if !tiles { dx.row(row).update(repeating: 0, count: dx.stride) }
        kernel_average_pool_backward(geometry, dy.row(row), dx.row(row))
      }
    }
  }

  /// ONNX has the one window of a whole image as an image of one pixel.
  func append(to graph: inout OperatorGraph) {
    let isGlobal = output.shape.count == 1
    graph.append("AveragePool", windows.attributes, shape: output.shape + (isGlobal ? [1, 1] : []))
    if isGlobal { graph.flatten() }
  }
}

extension AvgPool2D {
  struct Form: PoolingForm {
    static let keyword = "avgpool"
    var size = 2, stride = 2

    func makeLayer(input: FeatureLayout) -> any NetworkLayer {
      AvgPool2D(windows: PoolingWindows(over: input, size: size, stride: stride))
    }
  }
}

extension AvgPool2D {
  /// Over the whole image (Lin, Chen and Yan 2013).
  struct GlobalForm: LayerForm {
    static let keyword = "globalavgpool"

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      _ = try network.requireImage()
      return AvgPool2D(windows: PoolingWindows(wholeOf: network.layout))
    }
  }
}

extension LayerSpecification {
  /// 'avgpool K stride S': `[c, h, w] -> [c, (h - size) / stride + 1, (w - size) / stride + 1]`. Both are from 1 to a
  /// million.
  public static func avgPool(size: Int, stride: Int) -> Self {
    Self(AvgPool2D.Form(size: size, stride: stride))
  }

  /// 'globalavgpool': the mean of each channel, `[c, h, w] -> [c]`.
  public static var globalAvgPool: Self { Self(AvgPool2D.GlobalForm()) }
}
