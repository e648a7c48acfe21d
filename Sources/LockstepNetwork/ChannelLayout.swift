import CKernels
import LockstepData
import LockstepSupport

/// Where numbers of the channels of a layout are, two each: those of 16 channels, then their second ones. The channels
/// are those of an image, else features, also of an image that was flattened.
struct ChannelLayout: Sendable {
  private let layout: FeatureLayout
  private let isOfImages: Bool

  init(_ layout: FeatureLayout) { (self.layout, isOfImages) = (layout, layout.shape.count == 3) }

  var count: Int { layout.shape[0] }
  /// Of a sample's channel.
  var pixels: Int { isOfImages ? layout.image!.height * layout.image!.width : 1 }
  private var pixelStride: Int { isOfImages ? layout.image!.pixelStride : paddedToPanel(layout.count) }
  /// Numbers in all, padding included.
  var pairCount: Int { 2 * pixelStride }
  var panels: kernel_range { kernel_range(begin: 0, end: pixelStride / 16) }

  /// The place of a channel's first number; the second is 16 further on.
  func place(_ channel: Int) -> Int {
    let position = isOfImages ? channel : layout.position(of: channel)
    return position / 16 * 32 + position % 16
  }

  /// A tensor of one number a channel, the first or, with a shift of 16, the second.
  func tensor(_ name: String, _ value: Float, _ shift: Int) -> ParameterTensor {
    ParameterTensor(name: name, shape: [count], initialValue: value, initialBound: 0) { place($0) + shift }
  }

  func kernel(
    _ x: Activations, parameters: UnsafePointer<Float>, moments: UnsafePointer<Double>?, epsilon: Double,
    relu: Bool
  ) -> kernel_batch_norm {
    kernel_batch_norm(
      x: x.matrix, pixels: pixels, pixel_stride: pixelStride, moments: moments, parameters: parameters,
      epsilon: epsilon, relu: relu)
  }
}

extension Int {
  /// One row.
  var kernel: kernel_range { kernel_range(begin: self, end: self + 1) }
}
