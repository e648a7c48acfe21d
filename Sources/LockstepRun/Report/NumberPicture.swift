import LockstepSupport

/// Numbers as a picture.
enum NumberPicture {
  /// The most pixels of a side; of larger pictures every second, third ... is taken.
  private static let side = 96

  /// A sample of shape [height, width] or [channels, height, width], of which three are red, green and blue and of
  /// others the first is shown. `range` are black and white; nil for the smallest and the largest number. nil for
  /// other shapes.
  static func sample(
    _ numbers: [Float], shape: [Int], range: ClosedRange<Float>?, isTransposed: Bool = false
  ) -> PNGFile? {
    guard let form = Form(shape, isTransposed: isTransposed) else { return nil }
    let (low, high) = (range?.lowerBound ?? numbers.min()!, range?.upperBound ?? numbers.max()!)
    let scale = high > low ? 255 / (high - low) : 0
    let channels = form.channels == 3 ? 3 : 1
    var pixels: [UInt8] = []
    form.forEachPixel { pixel in
      for channel in 0..<channels {
        pixels.append(UInt8(min(max((numbers[channel * form.plane + pixel] - low) * scale, 0), 255)))
      }
    }
    return PNGFile(
      width: form.shownWidth, height: form.shownHeight, channels == 3 ? .rgb : .grey, pixels: pixels)
  }

  /// Weights of the same shapes, of which the first channel is shown: orange for positive ones, blue for negative, the
  /// fainter the smaller; so that they can be seen on light and dark.
  static func weights(
    _ numbers: ArraySlice<Float>, shape: [Int], largest: Float, isTransposed: Bool = false
  ) -> PNGFile? {
    guard let form = Form(shape, isTransposed: isTransposed) else { return nil }
    var pixels: [UInt8] = []
    form.forEachPixel { pixel in
      let weight = numbers[numbers.startIndex + pixel]
      let strength = largest > 0 ? min(abs(weight) / largest, 1) : 0
      pixels += weight < 0 ? [40, 110, 235] : [235, 120, 20]
      pixels.append(strength.isFinite ? UInt8(255 * strength) : 255)
    }
    return PNGFile(width: form.shownWidth, height: form.shownHeight, .rgba, pixels: pixels)
  }

  /// How a picture lies in its numbers.
  private struct Form {
    let channels: Int
    let height: Int
    let width: Int
    let isTransposed: Bool
    let step: Int

    init?(_ shape: [Int], isTransposed: Bool) {
      guard 2...3 ~= shape.count, shape.allSatisfy({ $0 > 0 }) else { return nil }
      channels = shape.count == 3 ? shape[0] : 1
      (height, width) = (shape[shape.count - 2], shape[shape.count - 1])
      self.isTransposed = isTransposed
      step = (max(height, width) + NumberPicture.side - 1) / NumberPicture.side
    }

    var plane: Int { height * width }
    private var rows: Int { (height + step - 1) / step }
    private var columns: Int { (width + step - 1) / step }
    var shownHeight: Int { isTransposed ? columns : rows }
    var shownWidth: Int { isTransposed ? rows : columns }

    func forEachPixel(_ body: (_ pixel: Int) -> Void) {
      for row in 0..<shownHeight {
        for column in 0..<shownWidth {
          let (y, x) = isTransposed ? (column, row) : (row, column)
          body(y * step * width + x * step)
        }
      }
    }
  }
}
