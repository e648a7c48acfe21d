import CKernels
import LockstepData
import LockstepSupport

/// The gradient of a convolution with respect to its input: each output pixel adds its dY times the filter to the patch
/// that it was computed from,
///
///     dX[c, stride r + i - padding, stride q + j - padding] += sum over o of W[o, c, i, j] dY[o, r, q]
///
/// which is a transposed convolution: one of dY with the filter flipped in both directions (Dumoulin and Visin 2016, "A
/// guide to convolution arithmetic for deep learning", section 4).
struct ConvolutionInputGradient {
  private let layer: Convolution2D

  init(_ layer: Convolution2D) { self.layer = layer }

  private var channels: Int { layer.input.image!.channels }
  private var outputs: Int { layer.output.image!.channels }
  private var taps: Int { layer.size * layer.size }
  private var weightCount: Int { paddedToPanel(channels) * taps * outputs }

  var scratchCount: Int { layer.input.isInterleaved ? weightCount : 0 }

  /// Rearranges the weights for the kernel, on all threads, and returns a function that computes some rows with them.
  /// Only for interleaved inputs: the gradient of a dataset's planes is never needed.
  func prepare(
    parameters: UnsafePointer<Float>, weights: UnsafeMutablePointer<Float>, team: ThreadTeam
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations) -> Void {
    precondition(layer.input.isInterleaved)
    team.split(outputs, grain: 4, pieces: 1) { [self] outputs in
      arrange(parameters, of: outputs, into: weights)
    }
    let largest = kernel_magnitude_bits(weights, kernel_range(begin: 0, end: weightCount))
    let (from, to) = (layer.output.image!, layer.input.image!)
    let patches = kernel_input_patches(
      size: layer.size, stride: layer.stride, padding: layer.padding, outputs: outputs,
      dy_height: from.height, dy_width: from.width, dy_row_stride: from.rowStride,
      dy_pixel_stride: from.pixelStride,
      dx_height: to.height, dx_width: to.width, dx_row_stride: to.rowStride, dx_pixel_stride: to.pixelStride,
      weights_are_finite: largest < Float.infinity.bitPattern)
    return { rows, dy, dx in
      withUnsafePointer(to: patches) {
        kernel_convolution_input_gradient($0, dy.matrix, weights, dx.mutableMatrix, rows.kernel)
      }
    }
  }

  /// From panels of outputs, [channels, taps, 16], to panels of inputs, [taps, outputs, 16], the last one padded with
  /// zeros.
  private func arrange(
    _ parameters: UnsafePointer<Float>, of outputs: Range<Int>, into weights: UnsafeMutablePointer<Float>
  ) {
    let panel = (channels * taps + 1) * 16
    for channel in 0..<paddedToPanel(channels) {
      for tap in 0..<taps {
        let target = ((channel / 16 * taps + tap) * self.outputs) * 16 + channel % 16
        let source = (channel * taps + tap) * 16
        for output in outputs {
          weights[target + output * 16] =
            channel < channels ? parameters[output / 16 * panel + source + output % 16] : 0
        }
      }
    }
  }
}
