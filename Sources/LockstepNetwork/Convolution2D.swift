import CKernels
import LockstepData
import LockstepSupport

/// A two-dimensional convolution (as everywhere in the field, a cross-correlation), followed by a ReLU if it is
/// rectified:
///
///     Y[o, r, q] = b[o] + sum over c, i, j of W[o, c, i, j] X[c, stride r + i - padding, stride q + j - padding]
///     [rows, in, h, w] -> [rows, out, (h + 2 padding - size) / stride + 1, (w + 2 padding - size) / stride + 1]
///
/// W is [out, in, size, size], as in PyTorch. Patches are read in place: to the kernels an output pixel is a row of a
/// dense layer whose inputs lie at fixed offsets. Only padding needs a copy of the input.
package struct Convolution2D: RowwiseLayer, PanelLayer {
  package let input: FeatureLayout
  package let output: FeatureLayout
  package let size: Int
  package let stride: Int
  package let padding: Int
  package let isRectified: Bool
  /// The padded input, from which the patches are read.
  private let padded: FeatureLayout
  private let offsets: AlignedBuffer<Int>

  /// `input` must be an image that, with its padding, is at least size x size.
  package init(
    input: FeatureLayout, outputs: Int, size: Int, stride: Int = 1, padding: Int = 0,
    isRectified: Bool = false
  ) {
    let image = input.image!
    let (height, width) = (image.height + 2 * padding, image.width + 2 * padding)
    padded =
      input.isInterleaved
      ? .interleaved(channels: image.channels, height: height, width: width)
      : .planes(channels: image.channels, height: height, width: width)
    output = .interleaved(
      channels: outputs, height: (height - size) / stride + 1, width: (width - size) / stride + 1)
    let strides = padded.image!
    let taps = size * size
    offsets = AlignedBuffer(count: image.channels * taps, zero: 0)
    for i in 0..<offsets.count {
      let (channel, tap) = i.quotientAndRemainder(dividingBy: taps)
      offsets.pointer[i] =
        channel * strides.channelStride + (tap / size) * strides.rowStride + (tap % size)
        * strides.pixelStride
    }
    self.input = input
    self.size = size
    self.stride = stride
    self.padding = padding
    self.isRectified = isRectified
  }

  package var rectified: (any NetworkLayer)? {
    isRectified
      ? nil
      : Convolution2D(
        input: input, outputs: outputs, size: size, stride: stride, padding: padding, isRectified: true)
  }

  var outputs: Int { output.image!.channels }
  var taps: Int { offsets.count }
  var weightRows: Int { taps }
  /// Input channels that are adjacent in memory: the taps of one position of the patch.
  var adjacentChannels: Int { input.isInterleaved ? input.image!.channels : 1 }
  var panels: Int { paddedToPanel(outputs) / 16 }
  package var paddedParameterCount: Int { panels * (taps + 1) * 16 }
  package var flopsPerSample: Int { 2 * taps * output.features }

  /// PyTorch's default: uniform within 1 / sqrt(in * size * size).
  package var tensors: [ParameterTensor] {
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

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let (source, patches, panels, isRectified) = (withBorder(x, pass: pass), patches, panels, isRectified)
    return { rows in
      copyWithBorder(x, rows: rows, pass: pass)
      kernel_convolution_forward(
        kernel_convolution(
          patches: patches, x: source.matrix, weights: parameters, y: y.mutableMatrix, relu: isRectified),
        rows.kernel, kernel_range(begin: 0, end: panels))
    }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let isRectified = isRectified
    let weights = pass.scratch + borderCount(rows: pass.rows)
    let gradient =
      wantsDX
      ? ConvolutionInputGradient(self).prepare(parameters: parameters, weights: weights, team: pass.team)
      : nil
    return { rows, dy, dx in
      if isRectified { Rectifier.mask(dy, where: y, rows: rows) }
      if let dx { gradient!(rows, dy, dx) }
    }
  }

  package func weightGradient(x: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (any RowwiseWeightGradient)?
  {
    let sums = pass.scratch + borderCount(rows: pass.rows) + ConvolutionInputGradient(self).scratchCount
    return ConvolutionWeightGradient(self, x: x, pass: pass, sums: sums)
  }

  /// The padded copies of all inputs, then the weights for the input gradient, then the sums of the weight gradient.
  package func scratchCount(rows: Int) -> Int {
    borderCount(rows: rows) + ConvolutionInputGradient(self).scratchCount
      + ConvolutionWeightGradient.scratchCount(self, chains: rows)
  }

  private func borderCount(rows: Int) -> Int { padding == 0 ? 0 : rows * rowStride(padded.count) }

  /// The input itself, or its zero-padded copy in scratch memory.
  func withBorder(_ x: Activations, pass: Pass) -> Activations {
    padding == 0 ? x : Activations(pass.scratch, features: padded.count)
  }

  func copyWithBorder(_ x: Activations, rows: Range<Int>, pass: Pass) {
    guard padding > 0 else { return }
    let copy = withBorder(x, pass: pass)
    let (from, to) = (input.image!, padded.image!)
    // Planes copy a row of pixels at a time, interleaved channels a row of all channels.
    let planes = input.isInterleaved ? 1 : from.channels
    let run = from.width * from.pixelStride
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

  /// Valid as long as the layer exists.
  var patches: kernel_patches {
    let (from, to) = (padded.image!, output.image!)
    return kernel_patches(
      offsets: offsets.pointer, size: size, taps: taps, outputs: outputs, adjacent: adjacentChannels,
      row_stride: stride * from.rowStride,
      pixel_stride: stride * from.pixelStride, height: to.height, width: to.width, channels: to.pixelStride)
  }
}
