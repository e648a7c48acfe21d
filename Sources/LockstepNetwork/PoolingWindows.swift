import CKernels
import LockstepData

/// The windows of a pooling layer, `stride` apart, without padding.
struct PoolingWindows {
  let input: FeatureLayout
  let output: FeatureLayout
  let height: Int
  let width: Int
  let stride: Int
  /// The outputs as an image.
  private let places: FeatureLayout.Image

  /// Over an image of at least size x size:
  /// `[channels, h, w] -> [channels, (h - size) / stride + 1, (w - size) / stride + 1]`.
  init(over input: FeatureLayout, size: Int, stride: Int) {
    (self.input, height, width, self.stride) = (input, size, size, stride)
    let image = input.image!
    let (height, width) = ((image.height - size) / stride + 1, (image.width - size) / stride + 1)
    output =
      input.isInterleaved
      ? .interleaved(channels: image.channels, height: height, width: width)
      : .planes(channels: image.channels, height: height, width: width)
    places = output.image!
  }

  /// One window, the whole image: `[channels, h, w] -> [channels]`.
  init(wholeOf input: FeatureLayout) {
    let image = input.image!
    (self.input, output) = (input, .vector(image.channels))
    (height, width, stride) = (image.height, image.width, max(image.height, image.width))
    places = FeatureLayout.interleaved(channels: image.channels, height: 1, width: 1).image!
  }

  /// Whether every element of the input is in exactly one window.
  var tiles: Bool {
    let (from, to) = (input.image!, places)
    func tiles(_ count: Int, _ size: Int, _ whole: Int) -> Bool {
      count * size == whole && (stride == size || count == 1 && stride > size)
    }
    return tiles(to.height, height, from.height) && tiles(to.width, width, from.width)
  }

  /// For ONNX's operators, which round the number of windows down unless told otherwise, as is done here.
  var attributes: [OperatorGraph.Attribute] {
    [.integers("kernel_shape", [height, width]), .integers("strides", [stride, stride])]
  }

  var geometry: kernel_pooling {
    let (from, to) = (input.image!, places)
    return kernel_pooling(
      channels: from.channels, height: height, width: width, stride: stride, out_height: to.height,
      out_width: to.width,
      x_channel_stride: from.channelStride, x_pixel_stride: from.pixelStride, x_row_stride: from.rowStride,
      y_channel_stride: to.channelStride, y_pixel_stride: to.pixelStride, y_row_stride: to.rowStride,
      overlaps: stride < height)
  }
}

/// A pooling layer as recipes write it.
protocol PoolingForm: LayerForm {
  var size: Int { get set }
  var stride: Int { get set }
  func makeLayer(input: FeatureLayout) -> any NetworkLayer
}

extension PoolingForm {
  static var parts: [FormPart<Self>] {
    [.required(.count("K"), \.size), .optional("stride", .count("S"), \.stride, default: { $0.size })]
  }
  static var examples: [String] { ["\(keyword) 2", "\(keyword) 3 stride 2"] }

  func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
    let image = try network.requireImage()
    try network.require(
      image.height >= size && image.width >= size, "an image of at least \(size)x\(size)",
      "\(image.height)x\(image.width)")
    return makeLayer(input: network.layout)
  }
}
