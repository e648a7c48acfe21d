import LockstepSupport

extension NumberArray {
  /// Numbers read at a time.
  private static let piece = 1 << 18

  /// As rows of samples: whether they are of bytes is seen by reading them all, unless their type tells. Booleans
  /// become 0 and 255.
  func rows(shape: [Int]) throws -> ImportSource.Rows {
    let scale: Float = type.kind == .boolean ? 255 : 1
    let largest: Float? = type.isByte || type.kind == .boolean ? 255 : try largestByte()
    return ImportSource.Rows(
      name: name, shape: shape, isOfBytes: largest != nil, isOfFewShades: largest.map { $0 < 128 } ?? false
    ) {
      let reader = try reader()
      return { count in
        let numbers = try reader.read(count * rowCount)
        return scale == 1 ? numbers : numbers.map { $0 * scale }
      }
    }
  }

  /// The largest number; nil if not all are whole ones from 0 to 255.
  private func largestByte() throws -> Float? {
    let reader = try reader()
    var (left, largest) = (count * rowCount, Float(0))
    while left > 0 {
      let numbers = try reader.read(min(left, Self.piece))
      guard numbers.allSatisfy({ 0...255 ~= $0 && $0 == $0.rounded() }) else { return nil }
      largest = max(largest, numbers.max() ?? 0)
      left -= numbers.count
    }
    return largest
  }

  /// The class of each sample: of labels [n] or [n, 1], or of one-hot rows [n, k].
  ///
  /// - Throws: LockstepError (.data) for anything else.
  package func classes() throws -> [Int32] {
    func failure(_ expected: String, _ found: String, _ fix: String) -> LockstepError {
      LockstepError(.data, name, expected: expected, found: found, fix: fix)
    }
    let columns = rowCount
    guard shape.filter({ $0 > 1 }).count <= 2, columns <= 1 << 16 else {
      throw failure(
        "labels of the dimensions [n] or [n, 1]", "\(shape)", "Give the two arrays each other's names")
    }
    let reader = try reader()
    var classes: [Int32] = []
    while classes.count < count {
      let rows = min(count - classes.count, max(1, Self.piece / columns))
      let numbers = try reader.read(rows * columns)
      for row in 0..<rows {
        guard columns > 1 else {
          guard ClassNumber.isOne(numbers[row]) else {
            throw ClassNumber.refusal(
              numbers[row], found: "\(numbers[row]) at index \(classes.count)", in: name)
          }
          classes.append(Int32(numbers[row]))
          continue
        }
        let values = numbers[row * columns..<(row + 1) * columns]
        guard let one = values.firstIndex(of: 1), values.count(where: { $0 == 0 }) == columns - 1 else {
          throw failure(
            "one class a sample, as a number or a one-hot row",
            "several labels in row \(classes.count) of \(shape)",
            "Lockstep tells classes apart that exclude each other: save one label a sample")
        }
        classes.append(Int32(one - row * columns))
      }
    }
    return classes
  }
}
