import LockstepData
import LockstepImport
import Testing

/// Digits as MNIST has them.
@Suite struct CentringTests {
  private static let form: PictureForm = {
    var form = PictureForm(height: 28, width: 28, channels: 1)
    form.isCentred = true
    return form
  }()

  /// A bar of shades, `scale` times 4x20 pixels, in a picture of `side` pixels.
  private func bar(side: Int, x: Int, y: Int, scale: Int = 1, paper: UInt8 = 0, ink: UInt8 = 255) -> Picture {
    var pixels = [UInt8](repeating: paper, count: side * side)
    for row in y..<y + 20 * scale {
      for column in x..<x + 4 * scale { pixels[row * side + column] = ink }
    }
    return Picture(width: side, height: side, channels: 1, pixels: pixels)
  }

  @Test func whatIsCentredStaysAsItIs() {
    let digit = bar(side: 28, x: 12, y: 4)
    #expect(digit.prepared(as: Self.form) == digit)
  }

  @Test func placeSizeAndPaperDoNotMatter() {
    let digit = bar(side: 28, x: 12, y: 4)
    #expect(bar(side: 28, x: 1, y: 7).prepared(as: Self.form) == digit)
    #expect(bar(side: 200, x: 100, y: 30, scale: 5).prepared(as: Self.form) == digit)
    #expect(bar(side: 90, x: 9, y: 9, scale: 2, paper: 255, ink: 0).prepared(as: Self.form) == digit)
    #expect(bar(side: 90, x: 9, y: 9, scale: 2, paper: 220, ink: 10).prepared(as: Self.form) == digit)
  }

  @Test func rowsMayBecomeColumns() {
    let picture = Picture(width: 2, height: 3, channels: 1, pixels: [1, 2, 3, 4, 5, 6])
    var form = PictureForm(height: 2, width: 3, channels: 1)
    form.isTransposed = true
    #expect(picture.prepared(as: form).pixels == [1, 3, 5, 2, 4, 6])
    let digit = bar(side: 200, x: 100, y: 30, scale: 5)
    var centred = Self.form
    centred.isTransposed = true
    #expect(digit.prepared(as: centred) == digit.prepared(as: Self.form).transposed)
  }

  /// As where a centred dataset is imported again in colours.
  @Test func digitsMayHaveThreeChannels() {
    var form = PictureForm(height: 28, width: 28, channels: 3)
    form.isCentred = true
    let digit = bar(side: 200, x: 100, y: 30, scale: 5)
    #expect(digit.prepared(as: form) == digit.prepared(as: Self.form).coloured)
  }

  @Test func unevenPaperIsNoInk() {
    let scan = bar(side: 90, x: 30, y: 30, scale: 2, paper: 230, ink: 10)
    let pixels = scan.pixels.enumerated().map { $1 == 230 ? 225 + UInt8($0 % 7) : $1 }
    let picture = Picture(width: 90, height: 90, channels: 1, pixels: pixels)
    #expect(picture.prepared(as: Self.form).pixels.count { $0 > 0 } == 80)
  }

  @Test func nothingStaysNothing() {
    let blank = Picture(width: 5, height: 3, channels: 1, pixels: .init(repeating: 77, count: 15))
    #expect(blank.prepared(as: Self.form).pixels.allSatisfy { $0 == 0 })
  }

  @Test func onlyWhatTheFormSaysIsDone() {
    let picture = bar(side: 28, x: 1, y: 7)
    var form = PictureForm(height: 28, width: 28, channels: 1)
    #expect(picture.prepared(as: form) == picture)
    form.isInverted = true
    #expect(picture.prepared(as: form) == picture.inverted)
    #expect(picture.prepared(as: PictureForm(height: 14, width: 7, channels: 3)).planes.count == 3 * 14 * 7)
  }

  @Test func formsComeBackFromTheirText() {
    for text in ["28x28 grey", "32x40 rgb inverted", "28x28 grey centred", "28x28 grey centred transposed"] {
      #expect(PictureForm(text: text)?.text == text)
    }
    for text in ["", "28x28", "28 grey", "0x28 grey", "28x28 grey  centred", "28x28 blue", "5000x1 grey"] {
      #expect(PictureForm(text: text) == nil, "\(text)")
    }
  }
}
