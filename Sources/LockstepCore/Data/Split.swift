/// The training or the test half of a dataset: images, and one label for each.
public struct Split: Sendable {
  public let images: SampleTable
  /// [count], each the number of a class.
  public let labels: [Int32]

  public init(images: SampleTable, labels: [Int32]) {
    self.images = images
    self.labels = labels
  }

  public var count: Int { labels.count }
}

extension SampleTable {
  /// The labels of a label table: [n], or [n, k] whose first column is the label (QMNIST).
  ///
  /// - Throws: LockstepError (.data) naming `path` for floating-point labels or other shapes.
  public func labels(path: String) throws -> [Int32] {
    guard shape.count <= 1 else {
      throw LockstepError(
        .data, path,
        expected: "labels of one dimension [n], or two [n, k] with the label in the first column",
        found: "the dimensions \([count] + shape)", fix: "Check that this is the labels file, not the images")
    }
    switch element {
    case .uint8: return firstColumn(UInt8.self)
    case .int8: return firstColumn(Int8.self)
    case .int16: return firstColumn(Int16.self)
    case .int32: return firstColumn(Int32.self)
    case .float32, .float64:
      throw LockstepError(
        .data, path, expected: "labels of an integer type", found: "labels of type \(element)",
        fix: "Write the labels as class numbers of type uint8 or int32")
    }
  }

  private func firstColumn<T: FixedWidthInteger>(_ type: T.Type) -> [Int32] {
    withExtendedLifetime(self) {
      (0..<count).map {
        Int32(T(bigEndian: bytes.loadUnaligned(fromByteOffset: $0 * sampleByteCount, as: T.self)))
      }
    }
  }
}
