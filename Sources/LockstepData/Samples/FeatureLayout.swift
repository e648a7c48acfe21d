import LockstepSupport

/// How one sample's features are laid out in memory. Their *canonical* order is PyTorch's: [features], or [channels,
/// height, width] row-major. Vectors and a dataset's images (planes) are laid out in it; the output of a convolution is
/// [height, width, channels] with the channels padded to a multiple of 16, so that kernels work on 16 of them at once.
package struct FeatureLayout: Equatable, Sendable {
  /// The canonical shape: [n] or [channels, height, width].
  package let shape: [Int]
  /// Floats of a sample, padding included.
  package let count: Int
  /// The strides of an image, which are kept when it is flattened.
  package let image: Image?

  package struct Image: Equatable, Sendable {
    package let channels: Int
    package let height: Int
    package let width: Int
    package let channelStride: Int
    package let rowStride: Int
    package let pixelStride: Int
  }

  /// [n]
  package static func vector(_ n: Int) -> FeatureLayout { FeatureLayout(shape: [n], count: n, image: nil) }

  /// One plane a channel, as datasets have them.
  package static func planes(channels: Int, height: Int, width: Int) -> FeatureLayout {
    FeatureLayout(
      shape: [channels, height, width], count: channels * height * width,
      image: Image(
        channels: channels, height: height, width: width, channelStride: height * width, rowStride: width,
        pixelStride: 1))
  }

  /// Channels side by side, padded to panels of 16.
  package static func interleaved(channels: Int, height: Int, width: Int) -> FeatureLayout {
    let padded = paddedToPanel(channels)
    return FeatureLayout(
      shape: [channels, height, width], count: padded * height * width,
      image: Image(
        channels: channels, height: height, width: width, channelStride: 1, rowStride: width * padded,
        pixelStride: padded))
  }

  /// The layout of a dataset's samples: [height, width] is one channel.
  package init(sampleShape: [Int]) {
    switch sampleShape.count {
    case 2: self = .planes(channels: 1, height: sampleShape[0], width: sampleShape[1])
    case 3: self = .planes(channels: sampleShape[0], height: sampleShape[1], width: sampleShape[2])
    default: self = .vector(sampleShape.reduce(1, *))
    }
  }

  private init(shape: [Int], count: Int, image: Image?) {
    self.shape = shape
    self.count = count
    self.image = image
  }

  /// Features without padding.
  package var features: Int { shape.reduce(1, *) }

  /// The same memory as a vector in canonical order.
  package var flattened: FeatureLayout { FeatureLayout(shape: [features], count: count, image: image) }

  package var isInterleaved: Bool { image.map { $0.channelStride == 1 && $0.pixelStride > 1 } ?? false }

  /// The position of the feature with canonical number `index`.
  package func position(of index: Int) -> Int {
    guard let image else { return index }
    let (channel, pixel) = index.quotientAndRemainder(dividingBy: image.height * image.width)
    let (row, column) = pixel.quotientAndRemainder(dividingBy: image.width)
    return channel * image.channelStride + row * image.rowStride + column * image.pixelStride
  }

  /// The features as runs without padding between them: each `length` long, beginnings `stride` apart.
  package var runs: (count: Int, length: Int, stride: Int) {
    guard isInterleaved, let image else { return (1, count, count) }
    return (image.height * image.width, image.channels, image.pixelStride)
  }
}
