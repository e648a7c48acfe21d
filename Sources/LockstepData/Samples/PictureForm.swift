import LockstepSupport

/// What is done to a picture before a network sees it: what `lockstep import` did to those that it trained on.
public struct PictureForm: Equatable, Sendable {
  /// Rows of pixels, 1 or more.
  public var height: Int
  /// Pixels of a row, 1 or more.
  public var width: Int
  /// 1 for grey, 3 for red, green and blue.
  public var channels: Int
  /// Whether black becomes white.
  public var isInverted = false
  /// Whether a digit is put where MNIST has its digits: bright on dark, in a box of 20 of 28 pixels, its centre of
  /// mass in the middle. Then `isInverted` has no meaning: a bright border decides.
  public var isCentred = false
  /// Whether columns become rows, as EMNIST has its pictures.
  public var isTransposed = false

  public init(height: Int, width: Int, channels: Int) {
    (self.height, self.width, self.channels) = (height, width, channels)
  }

  /// The form for a network's input, [height, width] or [channels, height, width], where nothing is recorded: only
  /// size and channels. nil for inputs that are no pictures.
  public init?(networkInput shape: [Int]) {
    guard shape.count == 2 || shape.count == 3 && [1, 3].contains(shape[0]) else { return nil }
    self.init(
      height: shape[shape.count - 2], width: shape[shape.count - 1], channels: shape.count == 3 ? shape[0] : 1
    )
  }

  /// Leaves all out but size and channels.
  package mutating func keepAsIs() { (isInverted, isCentred, isTransposed) = (false, false, false) }

  /// The shape of a sample, [height, width] or [channels, height, width].
  public var shape: [Int] { channels == 1 ? [height, width] : [channels, height, width] }

  /// As files have it: "28x28 grey", with "inverted", "centred" or "transposed".
  public var text: String {
    "\(height)x\(width) \(channels == 1 ? "grey" : "rgb")" + (isInverted ? " inverted" : "")
      + (isCentred ? " centred" : "") + (isTransposed ? " transposed" : "")
  }

  /// nil for anything but a form's `text`.
  public init?(text: String) {
    let words = text.split(separator: " ")
    guard words.count >= 2, let size = Self.size(String(words[0])), ["grey", "rgb"].contains(words[1]) else {
      return nil
    }
    self.init(height: size.height, width: size.width, channels: words[1] == "grey" ? 1 : 3)
    (isInverted, isCentred) = (words.contains("inverted"), words.contains("centred"))
    isTransposed = words.contains("transposed")
    guard self.text == text else { return nil }
  }

  /// "28x28", height before width, each up to 4096; nil for anything else.
  public static func size(_ text: String) -> (height: Int, width: Int)? {
    let parts = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard parts.count == 2, parts.allSatisfy({ 1...4096 ~= $0 }) else { return nil }
    return (parts[0], parts[1])
  }
}
