extension PictureForm {
  /// The form of samples that lie as MNIST's digits do, whoever made them; nil for others.
  package init?(likeMNIST samples: SampleTable) {
    guard samples.element == .uint8, samples.shape.count == 2 else { return nil }
    var likeness = LikenessToMNIST(height: samples.shape[0], width: samples.shape[1])
    for index in 0..<min(samples.count, LikenessToMNIST.mostSamples) { likeness.add(samples.sample(index)) }
    guard likeness.holds else { return nil }
    self.init(height: samples.shape[0], width: samples.shape[1], channels: 1)
    isCentred = true
  }
}

/// Whether grey pictures lie as MNIST's do: bright on black, each in a box of 20 of 28 pixels with its centre of mass
/// in the middle. Of MNIST all do, of Fashion-MNIST none.
package struct LikenessToMNIST {
  private let height: Int
  private let width: Int
  private var looked = 0
  private var inked = 0
  private var fitting = 0

  /// Samples that are looked at; more do not count.
  package static let mostSamples = 1000

  package init(height: Int, width: Int) { (self.height, self.width) = (height, width) }

  /// Whether 19 of 20 do, of those that are not all black.
  package var holds: Bool { inked > 0 && fitting * 20 >= inked * 19 }

  /// Looks at one more, [height, width].
  package mutating func add(_ pixels: [UInt8]) {
    guard looked < Self.mostSamples else { return }
    looked += 1
    var (mass, momentX, momentY) = (0, 0, 0)
    var (left, right, top, bottom) = (width, -1, height, -1)
    for (place, pixel) in pixels.enumerated() where pixel > 0 {
      let (x, y) = (place % width, place / width)
      mass += Int(pixel)
      momentX += Int(pixel) * x
      momentY += Int(pixel) * y
      (left, right, top, bottom) = (min(left, x), max(right, x), min(top, y), max(bottom, y))
    }
    guard mass > 0 else { return }
    inked += 1
    let room = max(min(width, height) * 20 / 28, 1)
    let side = max(right - left, bottom - top) + 1
    // From 13.5 to below 14.5 of 28, the first pixel at 0.
    func isInTheMiddle(_ moment: Int, of size: Int) -> Bool {
      abs(Double(moment) / Double(mass) - Double(size) / 2) <= 0.6
    }
    if room - 2...room ~= side, isInTheMiddle(momentX, of: width), isInTheMiddle(momentY, of: height) {
      fitting += 1
    }
  }
}
