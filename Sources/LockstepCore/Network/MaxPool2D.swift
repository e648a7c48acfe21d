import CKernels

/// Max pooling without padding, and then a ReLU where it is rectified (the two commute):
///
///     y[c, r, q] = the largest of x[c, step r + i, step q + j] over 0 <= i, j < size
///     [rows, channels, h, w] -> [rows, channels, (h - size) / step + 1, (w - size) / step + 1]
///
/// The gradient goes to the first largest element of each window in reading order, as PyTorch's does.
package struct MaxPool2D: RowwiseLayer {
  package let input: FeatureLayout
  package let output: FeatureLayout
  package let size: Int
  package let step: Int
  package let isRectified: Bool

  /// `input` must be an image of at least size x size.
  package init(input: FeatureLayout, size: Int, step: Int, isRectified: Bool = false) {
    self.input = input
    self.size = size
    self.step = step
    self.isRectified = isRectified
    let image = input.image!
    let (height, width) = ((image.height - size) / step + 1, (image.width - size) / step + 1)
    output =
      input.isInterleaved
      ? .interleaved(channels: image.channels, height: height, width: width)
      : .planes(channels: image.channels, height: height, width: width)
  }

  package var rectified: (any Layer)? {
    isRectified ? nil : MaxPool2D(input: input, size: size, step: step, isRectified: true)
  }

  package var flopsPerSample: Int { output.features * (size * size - 1) }

  private var geometry: kernel_pooling {
    let (from, to) = (input.image!, output.image!)
    return kernel_pooling(
      channels: from.channels, size: size, step: step, out_height: to.height, out_width: to.width,
      x_channel_stride: from.channelStride, x_pixel_stride: from.pixelStride, x_row_stride: from.rowStride,
      y_channel_stride: to.channelStride, y_pixel_stride: to.pixelStride, y_row_stride: to.rowStride,
      overlaps: step < size)
  }

  /// Whether every element of the input is in exactly one window.
  private var tiles: Bool {
    let (from, to) = (input.image!, output.image!)
    return step == size && to.height * size == from.height && to.width * size == from.width
  }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let (geometry, isRectified) = (geometry, isRectified)
    return { rows in
      for row in rows { kernel_max_pool_forward(geometry, x.row(row), y.row(row), isRectified) }
    }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let (geometry, isRectified, tiles) = (geometry, isRectified, tiles)
    return { rows, dy, dx in
      guard let dx else { return }
      for row in rows {
        if !tiles { dx.row(row).update(repeating: 0, count: dx.stride) }
        kernel_max_pool_backward(geometry, x.row(row), y.row(row), dy.row(row), dx.row(row), isRectified)
      }
    }
  }
}

extension MaxPool2D {
  struct Form: LayerForm {
    static let keyword = "maxpool"
    static let parts: [FormPart<Form>] = [
      .required(.count("K"), \.size), .optional("stride", .count("S"), \.stride, default: \.size),
    ]
    static let examples = ["maxpool 2", "maxpool 3 stride 2"]
    var size = 2, stride = 2

    func makeLayer(in network: inout NetworkBuilder) throws -> (any Layer)? {
      let image = try network.requireImage()
      try network.require(
        image.height >= size && image.width >= size, "an image of at least \(size)x\(size)",
        "\(image.height)x\(image.width)")
      return MaxPool2D(input: network.layout, size: size, step: stride)
    }
  }
}

extension LayerSpecification {
  public static func maxPool(size: Int, stride: Int) -> Self {
    Self(MaxPool2D.Form(size: size, stride: stride))
  }
}
