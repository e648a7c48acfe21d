import LockstepSupport

extension NumberArray {
  /// Numbers read at a time.
  private static let piece = 1 << 18

  /// Whether all numbers are whole ones from 0 to 255; reads them all unless their type tells.
  func isOfBytes() throws -> Bool {
    if type.isByte { return true }
    return try allSatisfy { 0...255 ~= $0 && $0 == $0.rounded() }
  }

  private func allSatisfy(_ condition: (Float) -> Bool) throws -> Bool {
    let reader = try reader()
    var left = count * rowCount
    while left > 0 {
      let numbers = try reader.read(min(left, Self.piece))
      guard numbers.allSatisfy(condition) else { return false }
      left -= numbers.count
    }
    return true
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
          guard 0...65_535 ~= numbers[row], numbers[row] == numbers[row].rounded() else {
            throw failure(
              "labels from 0 to 65535", "\(numbers[row]) at index \(classes.count)",
              "Number the classes from 0")
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
