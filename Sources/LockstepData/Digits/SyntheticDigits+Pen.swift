extension SyntheticDigits {
  /// A round pen: draws a path on a sheet of 28x28 pixels, from which the image is cut.
  struct Pen {
    /// Pixels in a row of the sheet: the image's 28 and a margin that lets vectors of eight run over.
    private static let stride = 40
    static let sheetCount = stride * side
    /// The rows, and columns, of the sheet that hold the ink: MNIST's digits fill a box of 20x20 pixels.
    static let box = 4..<24

    /// In pixels, as are all lengths here.
    let radius: Float
    /// Width of the grey edge.
    private let softness: Float
    private let strength: Float
    private let grain: Float
    /// How much thicker the ink is at the end of the path than at its start, as a fraction.
    private let taper: Float

    init(_ draws: inout Draws, manner: Manner) {
      let u = draws.uniform()
      radius = (0.75 + 0.6 * u + 0.7 * u * u) * manner.thickness
      softness = draws.uniform(1, 1.6)
      strength = draws.uniform(1, 1.4)
      grain = draws.uniform(0.1, 0.5)
      taper = draws.normal(0.12)
    }

    /// Fills the sheet with each pixel's depth: how far its centre lies inside the ink, negative outside.
    func ink(_ path: Path, on sheet: UnsafeMutableBufferPointer<Float>) {
      sheet.update(repeating: -100)
      for i in 1..<path.count where path.points[i].z != 0 {
        let fraction = Float(i) / Float(path.count) - 0.5
        ink(from: path.points[i - 1], to: path.points[i], radius: radius * (1 + taper * fraction), on: sheet)
      }
    }

    private func ink(
      from a: Point, to b: Point, radius: Float, on sheet: UnsafeMutableBufferPointer<Float>
    ) {
      let reach = radius + 1
      let left = Self.pixel(min(a.x, b.x) - reach)
      let right = Self.pixel(max(a.x, b.x) + reach)
      let step = b - a
      let perLength = 1 / max(step.x * step.x + step.y * step.y, 1e-6)
      let lanes = SIMD8<Float>(0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5)
      for row in Self.pixel(min(a.y, b.y) - reach)...Self.pixel(max(a.y, b.y) + reach) {
        let y = Float(row) + 0.5 - a.y
        var column = left
        while column <= right {
          defer { column += 8 }
          // The distance to the nearest point a + t (b - a) of the segment, t in [0, 1].
          let x = lanes + (Float(column) - a.x)
          var t = (x * step.x + y * step.y) * perLength
          t = t.replacing(with: 0, where: t .< 0)
          t = t.replacing(with: 1, where: t .> 1)
          let dx = x - t * step.x
          let dy = y - t * step.y
          let depth = radius - (dx * dx + dy * dy).squareRoot()
          let place = UnsafeMutableRawPointer(sheet.baseAddress! + row * Self.stride + column)
          let before = place.loadUnaligned(as: SIMD8<Float>.self)
          place.storeBytes(of: before.replacing(with: depth, where: depth .> before), as: SIMD8<Float>.self)
        }
      }
    }

    private static func pixel(_ coordinate: Float) -> Int {
      min(max(Int(coordinate), 0), side - 1)
    }

    /// Turns the depths in the box into grey levels of a soft, grainy edge, as whole numbers 0...255.
    func develop(_ sheet: UnsafeMutableBufferPointer<Float>, _ draws: inout Draws) {
      let perSoftness = 1 / softness
      for row in Self.box {
        for column in Swift.stride(from: Self.box.lowerBound, to: Self.box.upperBound, by: 4) {
          var noise = draws.bits()
          for i in row * Self.stride + column..<row * Self.stride + column + 4 {
            let depth = sheet[i] + grain * (Float(noise & 255) * 0x1p-8 - 0.5)
            noise >>= 8
            let coverage = min(max(depth * perSoftness + 0.5, 0), 1)
            sheet[i] = Float(Int32(min(coverage * strength, 1) * 255))
          }
        }
      }
    }

    /// Copies the box into an image, by whole pixels, so that its centre of mass comes as near as it can to the
    /// middle of pixel (14, 14), where MNIST has it, and the box stays inside the image.
    func cut(_ sheet: UnsafeMutableBufferPointer<Float>, into pixels: UnsafeMutableBufferPointer<UInt8>) {
      var (mass, momentX, momentY) = (Float(0), Float(0), Float(0))
      for row in Self.box {
        for column in Self.box {
          let level = sheet[row * Self.stride + column]
          mass += level
          momentX += level * Float(column)
          momentY += level * Float(row)
        }
      }
      let (shiftX, shiftY) = (Self.shift(from: momentX / mass), Self.shift(from: momentY / mass))
      for i in 0..<side * side { pixels[i] = 0 }
      for row in Self.box {
        for column in Self.box {
          let level = sheet[row * Self.stride + column]
          pixels[(row + shiftY) * side + column + shiftX] = UInt8(level)
        }
      }
    }

    private static func shift(from centre: Float) -> Int {
      let margin = Float(box.lowerBound)
      return Int(min(max((14 - centre).rounded(), -margin), margin))
    }
  }
}
