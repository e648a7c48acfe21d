/// What rows of numbers are as pictures.
enum PictureSize {
  /// A row of fewer numbers may be anything, and so may one that is no square.
  private static let leastPixels = 64

  /// The side of the square that so many pixels make; nil if they make none.
  static func side(ofSquare pixels: Int) -> Int? {
    let side = Int(Double(pixels).squareRoot().rounded())
    return pixels >= leastPixels && side * side == pixels ? side : nil
  }

  /// Whether a column is named as a pixel's place: "1x1".
  static func isPosition(_ name: String) -> Bool {
    let parts = name.split(separator: "x", omittingEmptySubsequences: false)
    return parts.count == 2 && parts.allSatisfy { Int($0) != nil }
  }
}
