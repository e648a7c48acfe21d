import LockstepSupport

extension SampleTable {
  /// The class of each sample, as `labelReading` finds it.
  package func labels(path: String) throws -> [Int32] { try labelReading(path: path).classes }

  /// The class of each sample: labels of the dimensions [n] or [n, 1], one-hot rows [n, k], or QMNIST's [n, 8], and a
  /// note if they were one-hot. Several columns are accepted only if every row fits the format.
  ///
  /// - Parameter images: the number of images that the labels are for, if known.
  /// - Throws: LockstepError (.data) naming `path` for anything else.
  package func labelReading(path: String, images: Int? = nil) throws -> (classes: [Int32], note: String?) {
    func failure(_ found: String, _ fix: String) -> LockstepError {
      LockstepError(
        .data, path,
        expected:
          "class numbers [n], one-hot rows [n, k] (a single 1 among zeros), or QMNIST's [n, 8] of int32",
        found: found, fix: fix)
    }
    let dimensions = [count] + shape
    guard element.isInteger else {
      throw failure(
        "labels of type \(element), \(dimensions)", "Write the labels as class numbers of type uint8 or int32"
      )
    }
    let columns = elementsPerSample
    if columns == 1 { return (column(0), nil) }
    let wide = shape.filter { $0 > 1 }
    guard wide.count == 1 else {
      throw failure(
        "the dimensions \(dimensions)", "If these are the images, give the two files each other's names")
    }
    if let images, images != count, images == columns {
      throw failure(
        "the dimensions \(dimensions) for \(images) images",
        count == 1
          ? "Write them as [\(columns)]" : "The samples come first: write them as [\(columns), \(count)]")
    }
    if isQMNIST { return (column(0), nil) }
    let (classes, strange) = oneHot()
    guard let strange else {
      return (
        classes, "\(path): one-hot labels of \(columns) columns; a sample's class is the place of its 1"
      )
    }
    let row = (0..<min(columns, 12)).map { String(Int(value(strange, $0))) }.joined(separator: ", ")
    throw failure(
      "the dimensions \(dimensions), of which row \(strange) is \(row)\(columns > 12 ? ", ..." : "")",
      "Write one class number for each sample, as the dimensions [\(count)]")
  }

  /// Eight columns of int32 (github.com/facebookresearch/qmnist): the class, six on the digit's origin, and 0. The
  /// fifth is NIST's code of the class, 30 to 39 (which NIST reads as hexadecimal).
  private var isQMNIST: Bool {
    guard element == .int32, elementsPerSample == 8 else { return false }
    let (classes, codes) = (column(0), column(4))
    return [30, 0x30].contains { base in
      classes.indices.allSatisfy { 0...9 ~= classes[$0] && codes[$0] == classes[$0] + base }
    }
  }

  /// The column of each row's 1, and the first row that is not one-hot.
  private func oneHot() -> (classes: [Int32], strange: Int?) {
    var classes = [Int32](repeating: 0, count: count)
    for row in 0..<count {
      var place: Int?
      for column in 0..<elementsPerSample {
        let value = value(row, column)
        if value == 0 { continue }
        guard value == 1, place == nil else { return (classes, row) }
        place = column
      }
      guard let place else { return (classes, row) }
      classes[row] = Int32(truncatingIfNeeded: place)
    }
    return (classes, nil)
  }

  private func column(_ column: Int) -> [Int32] {
    withExtendedLifetime(self) { (0..<count).map { value($0, column) } }
  }

  /// Only for integer types.
  private func value(_ row: Int, _ column: Int) -> Int32 {
    func load<T: FixedWidthInteger>(_: T.Type) -> Int32 {
      let offset = (row * elementsPerSample + column) * MemoryLayout<T>.size
      return Int32(T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self)))
    }
    return switch element {
    case .uint8: load(UInt8.self)
    case .int8: load(Int8.self)
    case .int16: load(Int16.self)
    default: load(Int32.self)
    }
  }
}
