import LockstepData
import LockstepSupport

/// What `lockstep import` is asked for.
public struct ImportOptions: Sendable {
  /// A folder or a file.
  public var source: String
  /// The dataset's folder.
  public var output: String
  /// Height and width; nil for those of the first picture.
  public var size: (height: Int, width: Int)?
  /// 1 for grey, 3 for colours; nil for what the pictures have.
  public var channels: Int?
  /// Whether black becomes white.
  public var inverts = false
  /// Whether digits are put where MNIST has them (`PictureForm.isCentred`).
  public var centres = false
  /// The fraction of each class that becomes the test set, above 0 and below 1; nil for none.
  public var testSplit: Double?
  /// Decides order and split.
  public var seed: UInt64 = 1
  /// Whether a picture that cannot be read ends the import, instead of being left out.
  public var isStrict = false
  /// nil for the cores that this process may use.
  public var threads: Int?

  public init(source: String, output: String) { (self.source, self.output) = (source, output) }

  /// Options that change pictures.
  var changesPictures: Bool { size != nil || channels != nil || inverts || centres }
}

/// What became of an import.
public struct ImportResult: Sendable {
  /// Samples to train on.
  public var train = 0
  /// Samples to test with.
  public var test = 0
  /// The shape of a sample, [height, width], [channels, height, width] or [features].
  public var shape: [Int] = []
  /// The names of the classes.
  public var classes: [String] = []
  /// Files that were left out, with the reason.
  public var skipped: [(file: String, reason: String)] = []
}
