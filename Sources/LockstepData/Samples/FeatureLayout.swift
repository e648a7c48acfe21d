import LockstepSupport

/// How one sample's features lie in memory. Their *canonical* order is PyTorch's: [features], or [channels, height,
/// width] row-major. Vectors lie in it; images of a dataset do too (planes); what a convolution puts out is
/// [height, width, channels] with the channels padded to a multiple of 16, so that kernels work on 16 of them at once.
package struct FeatureLayout: Equatable, Sendable {
  /// The canonical shape: [n] or [channels, height, width].
  public let shape: [Int]
  /// Floats that a sample takes, padding included.
  public let count: Int
  /// The strides of an image, which stay those of the memory when it is flattened.
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
  public static func vector(_ n: Int) -> FeatureLayout { FeatureLayout(shape: [n], count: n, image: nil) }

  /// One plane a channel, as datasets have them.
  public static func planes(channels: Int, height: Int, width: Int) -> FeatureLayout {
    FeatureLayout(
      shape: [channels, height, width], count: channels * height * width,
      image: Image(
        channels: channels, height: height, width: width, channelStride: height * width, rowStride: width,
        pixelStride: 1))
  }

  /// Channels side by side, padded to panels of 16.
  public static func interleaved(channels: Int, height: Int, width: Int) -> FeatureLayout {
    let padded = paddedToPanel(channels)
    return FeatureLayout(
      shape: [channels, height, width], count: padded * height * width,
      image: Image(
        channels: channels, height: height, width: width, channelStride: 1, rowStride: width * padded,
        pixelStride: padded))
  }

  /// The layout of a dataset's samples: [height, width] is one channel.
  public init(sampleShape: [Int]) {
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
  public var features: Int { shape.reduce(1, *) }

  /// The same memory as a vector in canonical order.
  public var flattened: FeatureLayout { FeatureLayout(shape: [features], count: count, image: image) }

  package var isInterleaved: Bool { image.map { $0.channelStride == 1 && $0.pixelStride > 1 } ?? false }

  /// Where the feature with canonical number `index` lies.
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
