import CKernels

/// The gradient of a convolution with respect to its input, which is a convolution itself: of dY, spread out by the step
/// and with a border of size - 1 zeros, with the filters turned by 180 degrees and inputs and outputs exchanged
/// (Dumoulin and Visin 2016, "A guide to convolution arithmetic for deep learning", section 4).
struct ConvolutionInputGradient {
  private let layer: Convolution2D
  /// dY spread out: [height + size - 1, width + size - 1, outputs], in the coordinates of the padded input.
  private let spread: FeatureLayout

  init(_ layer: Convolution2D) {
    self.layer = layer
    let (image, border) = (layer.input.image!, 2 * layer.padding + layer.size - 1)
    spread = .interleaved(
      channels: layer.output.image!.channels, height: image.height + border, width: image.width + border)
  }

  private var outputs: Int { layer.output.image!.channels }
  private var taps: Int { layer.size * layer.size * outputs }
  private var inputPanels: Int { paddedToPanel(layer.input.image!.channels) / 16 }
  private var weightCount: Int { inputPanels * (taps + 1) * 16 }

  func scratchCount(rows: Int) -> Int { rows * spread.count + weightCount }

  /// Only for interleaved inputs: the gradient of a dataset's planes is never asked for.
  func run(dy: Activations, dx: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    precondition(layer.input.isInterleaved)
    let weights = pass.scratch
    turnWeights(parameters, into: weights)
    let spreadStart = weights + weightCount
    let (from, image) = (spread.image!, layer.input.image!)
    // Tap (i, j, o) of pixel (r, q) is the spread dY at (r + padding + i, q + padding + j).
    let offsets = (0..<layer.size * layer.size).flatMap { tap in
      let at =
        (tap / layer.size + layer.padding) * from.rowStride + (tap % layer.size + layer.padding)
        * from.pixelStride
      return (0..<outputs).map { at + $0 }
    }
    pass.team.split(pass.rows) { [self] rows in
      for row in rows { spreadOut(dy.row(row), into: spreadStart + row * spread.count) }
      offsets.withUnsafeBufferPointer {
        var patches = kernel_patches(
          offsets: $0.baseAddress, row_stride: from.rowStride, pixel_stride: from.pixelStride,
          height: image.height,
          width: image.width, channels: image.pixelStride)
        kernel_convolution_forward(
          &patches, spreadStart, spread.count, weights, taps, dx.pointer, dx.stride, false, rows.kernel,
          kernel_range(begin: 0, end: inputPanels))
      }
    }
  }

  /// Panels of 16 inputs, [taps + 1, 16], with tap (i, j, o) holding W[o, input, size - 1 - i, size - 1 - j].
  private func turnWeights(_ parameters: UnsafePointer<Float>, into turned: UnsafeMutablePointer<Float>) {
    turned.update(repeating: 0, count: weightCount)
    let weight = layer.tensors[0]
    let (channels, area) = (layer.input.image!.channels, layer.size * layer.size)
    for output in 0..<outputs {
      for channel in 0..<channels {
        for tap in 0..<area {
          let value = parameters[weight.flatIndex((output * channels + channel) * area + area - 1 - tap)]
          turned[((channel / 16) * (taps + 1) + tap * outputs + output) * 16 + channel % 16] = value
        }
      }
    }
  }

  private func spreadOut(_ dy: UnsafeMutablePointer<Float>, into row: UnsafeMutablePointer<Float>) {
    row.update(repeating: 0, count: spread.count)
    let (from, to) = (layer.output.image!, spread.image!)
    let border = layer.size - 1
    for r in 0..<from.height {
      for q in 0..<from.width {
        let at = (r * layer.step + border) * to.rowStride + (q * layer.step + border) * to.pixelStride
        (row + at).update(from: dy + r * from.rowStride + q * from.pixelStride, count: from.pixelStride)
      }
    }
  }
}
