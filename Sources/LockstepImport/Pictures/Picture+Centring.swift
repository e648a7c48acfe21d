extension Picture {
  /// A digit as MNIST has its digits: grey and bright on black, scaled so that it just fits a box of 20 of 28 pixels,
  /// with its centre of mass in the middle (LeCun, Cortes, Burges: the MNIST database). A digit on a bright border is
  /// inverted; what differs from the border no more than the border itself does is taken for paper.
  func centred(width: Int, height: Int) -> Picture {
    let digit = onBlack
    guard let box = digit.inked else {
      return Picture(
        width: width, height: height, channels: 1, pixels: .init(repeating: 0, count: width * height))
    }
    let room = Double(max(min(width, height) * 20 / 28, 1))
    let scale = room / Double(max(box.across.count, box.down.count))
    let small = digit.cropped(box).scaled(
      width: max(1, Int((Double(box.across.count) * scale).rounded())),
      height: max(1, Int((Double(box.down.count) * scale).rounded())))
    return small.placed(width: width, height: height)
  }

  /// The grey picture with a dark border, without what looks like the border.
  private var onBlack: Picture {
    let grey = grey
    let isBright = grey.border[grey.border.count / 2] > 127
    let picture = isBright ? grey.inverted : grey
    let border = picture.border
    let (level, upper) = (Int(border[border.count / 2]), Int(border[border.count * 19 / 20]))
    // Twice as far as nearly all of the border, because shades go on where nobody looks.
    let floor = min(level + 2 * (upper - level), 200)
    let peak = Int(picture.pixels.max()!)
    guard floor > 0 else { return picture }
    let pixels = picture.pixels.map { pixel in
      Int(pixel) <= floor ? 0 : UInt8(clamping: (Int(pixel) - level) * 255 / max(peak - level, 1))
    }
    return Picture(width: width, height: height, channels: 1, pixels: pixels)
  }

  /// The outermost pixels of a grey picture, sorted.
  private var border: [UInt8] {
    var border: [UInt8] = []
    for x in 0..<width { border += [pixels[x], pixels[(height - 1) * width + x]] }
    for y in 0..<height { border += [pixels[y * width], pixels[y * width + width - 1]] }
    return border.sorted()
  }

  private typealias Box = (across: Range<Int>, down: Range<Int>)

  /// The smallest box around all that is not black; nil if all is.
  private var inked: Box? {
    let rows = (0..<height).filter { y in pixels[y * width..<(y + 1) * width].contains { $0 > 0 } }
    guard let top = rows.first, let bottom = rows.last else { return nil }
    let columns = (0..<width).filter { x in (top...bottom).contains { pixels[$0 * width + x] > 0 } }
    return (columns.first!..<columns.last! + 1, top..<bottom + 1)
  }

  private func cropped(_ box: Box) -> Picture {
    let pixels = box.down.flatMap { y in
      self.pixels[y * width..<(y + 1) * width][
        (y * width + box.across.lowerBound)..<(y * width + box.across.upperBound)]
    }
    return Picture(width: box.across.count, height: box.down.count, channels: 1, pixels: pixels)
  }

  /// On black, with the centre of mass in the middle; what does not fit is cut off.
  private func placed(width: Int, height: Int) -> Picture {
    var (mass, momentX, momentY) = (0, 0, 0)
    for y in 0..<self.height {
      for x in 0..<self.width {
        let value = Int(pixels[y * self.width + x])
        mass += value
        momentX += value * x
        momentY += value * y
      }
    }
    let (left, top) = (
      Self.offset(middle: width, centre: Double(momentX) / Double(max(mass, 1))),
      Self.offset(middle: height, centre: Double(momentY) / Double(max(mass, 1)))
    )
    var result = [UInt8](repeating: 0, count: width * height)
    for y in 0..<self.height {
      for x in 0..<self.width {
        let (newX, newY) = (x + left, y + top)
        guard 0..<width ~= newX, 0..<height ~= newY else { continue }
        result[newY * width + newX] = pixels[y * self.width + x]
      }
    }
    return Picture(width: width, height: height, channels: 1, pixels: result)
  }

  /// Where a digit begins whose centre of mass is to be at half of `middle`, or up to half a pixel before it: MNIST's
  /// are from 13.5 to below 14.5 of 28, the first pixel at 0.
  private static func offset(middle: Int, centre: Double) -> Int {
    Int((Double(middle) / 2 - centre - 0.5).rounded(.up))
  }
}
