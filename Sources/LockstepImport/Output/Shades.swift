import LockstepSupport

/// Pictures in which there is nothing to see, or little.
struct Shades {
  /// Those all of whose pixels are alike.
  private var count = 0
  private var first = ""
  private var brightest: UInt8 = 0

  mutating func add(_ sample: [UInt8], _ name: @autoclosure () -> String) {
    brightest = max(brightest, sample.max()!)
    guard sample.allSatisfy({ $0 == sample[0] }) else { return }
    if count == 0 { first = name() }
    count += 1
  }

  func notes(of total: Int, areRows: Bool) -> [String] {
    var notes: [String] = []
    if count > 0 {
      notes.append(
        "\(count) of \(total) pictures are of one shade, the first \(oneLine(first)): "
          + "what is transparent is seen on white")
    }
    if areRows, brightest < 128 {
      notes.append(
        "no pixel is above \(brightest) of 255: pictures that predict is given are brighter than these. Save the "
          + "numbers times \(255 / max(Int(brightest), 1)), or as floats")
    }
    return notes
  }
}
