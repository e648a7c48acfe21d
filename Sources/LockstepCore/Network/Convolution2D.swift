import CKernels

/// A two-dimensional convolution (as everywhere in the field, a cross-correlation), with the ReLU that follows it fused:
///
///     Y[o, r, q] = b[o] + sum over c, i, j of W[o, c, i, j] X[c, step r + i - padding, step q + j - padding]
///     [rows, in, h, w] -> [rows, out, (h + 2 padding - size) / step + 1, (w + 2 padding - size) / step + 1]
///
/// W is [out, in, size, size], as in PyTorch. Patches are read in place: to the kernels an output pixel is a row of a
/// dense layer whose inputs lie at fixed offsets from each other. Only padding makes a copy of the input.
public struct Convolution2D: Layer {
  public let input: FeatureLayout
  public let output: FeatureLayout
  public let size: Int
  public let step: Int
  public let padding: Int
  public let fusesReLU: Bool
  /// The input with its border: the layout that the patches are read from.
  private let padded: FeatureLayout
  private let offsets: [Int]

  /// `input` must be an image that, with its padding, is at least size x size.
  public init(
    input: FeatureLayout, outputs: Int, size: Int, step: Int = 1, padding: Int = 0, fusesReLU: Bool = false
  ) {
    let image = input.image!
    let (height, width) = (image.height + 2 * padding, image.width + 2 * padding)
    padded =
      input.isInterleaved
      ? .interleaved(channels: image.channels, height: height, width: width)
      : .planes(channels: image.channels, height: height, width: width)
    output = .interleaved(
      channels: outputs, height: (height - size) / step + 1, width: (width - size) / step + 1)
    let strides = padded.image!
    offsets = (0..<image.channels).flatMap { channel in
      (0..<size * size).map {
        channel * strides.channelStride + ($0 / size) * strides.rowStride + ($0 % size) * strides.pixelStride
      }
    }
    self.input = input
    self.size = size
    self.step = step
    self.padding = padding
    self.fusesReLU = fusesReLU
  }

  private var outputs: Int { output.image!.channels }
  var taps: Int { offsets.count }
  /// Input channels that lie side by side: taps of one position of the patch.
  var adjacentChannels: Int { input.isInterleaved ? input.image!.channels : 1 }
  var panels: Int { paddedToPanel(outputs) / 16 }
  public var parameterCount: Int { panels * (taps + 1) * 16 }
  public var flopsPerSample: Int { 2 * taps * output.features }

  /// PyTorch's default: uniform within 1 / sqrt(in * size * size).
  public var tensors: [ParameterTensor] {
    let taps = taps
    let bound = 1 / Float(taps).squareRoot()
    return [
      ParameterTensor(
        name: "weight", shape: [outputs, input.image!.channels, size, size], initialBound: bound
      ) {
        let (output, tap) = $0.quotientAndRemainder(dividingBy: taps)
        return ((output / 16) * (taps + 1) + tap) * 16 + output % 16
      },
      ParameterTensor(name: "bias", shape: [outputs], initialBound: bound) { output in
        ((output / 16) * (taps + 1) + taps) * 16 + output % 16
      },
    ]
  }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    let source = withBorder(x, pass: pass)
    pass.team.split(pass.rows) { [self] rows in
      withPatches { patches in
        kernel_convolution_forward(
          patches, source.pointer, source.stride, parameters, taps, y.pointer, y.stride, fusesReLU,
          rows.kernel,
          kernel_range(begin: 0, end: panels))
      }
    }
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    if fusesReLU { ReLU.mask(dy, where: y, pass: pass) }
    if let dx {
      ConvolutionInputGradient(self).run(dy: dy, dx: dx, parameters: parameters, pass: pass)
    }
    return ConvolutionWeightGradient(self).run(
      x: withBorder(x, pass: pass), dy: dy, gradient: gradient, pass: pass)
  }

  /// Either the padded copies of all inputs, and behind them what the weights' gradient needs, or what the input's
  /// gradient needs: never both at once.
  public func scratchCount(rows: Int) -> Int {
    max(
      borderCount(rows: rows) + ConvolutionWeightGradient(self).scratchCount,
      ConvolutionInputGradient(self).scratchCount)
  }

  /// Floats of scratch memory that the padded copies take.
  func borderCount(rows: Int) -> Int { padding == 0 ? 0 : rows * paddedToPanel(padded.count) }

  /// The input itself, or a copy with a border of zeros in scratch memory.
  private func withBorder(_ x: Activations, pass: Pass) -> Activations {
    guard padding > 0 else { return x }
    let copy = Activations(pass.scratch, features: padded.count)
    let (from, to, padding) = (input.image!, padded.image!, padding)
    // Planes copy a row of pixels at a time, interleaved channels a row of all channels.
    let planes = input.isInterleaved ? 1 : from.channels
    let run = from.width * from.pixelStride
    pass.team.split(pass.rows) { rows in
      for row in rows {
        copy.row(row).update(repeating: 0, count: copy.stride)
        for plane in 0..<planes {
          for y in 0..<from.height {
            let source = plane * from.channelStride + y * from.rowStride
            let target = plane * to.channelStride + (y + padding) * to.rowStride + padding * to.pixelStride
            (copy.row(row) + target).update(from: x.row(row) + source, count: run)
          }
        }
      }
    }
    return copy
  }

  func withPatches<Result>(_ body: (UnsafePointer<kernel_patches>) -> Result) -> Result {
    let (from, to) = (padded.image!, output.image!)
    return offsets.withUnsafeBufferPointer {
      var patches = kernel_patches(
        offsets: $0.baseAddress, adjacent: adjacentChannels, row_stride: step * from.rowStride,
        pixel_stride: step * from.pixelStride, height: to.height, width: to.width, channels: to.pixelStride)
      return body(&patches)
    }
  }
}
