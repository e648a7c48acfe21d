import LockstepSupport

/// The head of a .npy file (numpy.lib.format): type and shape of the array that follows.
package struct NumpyHeader: Equatable {
  package let type: NumberType
  /// [] for a single number.
  package let shape: [Int]
  /// The bytes before the first number.
  package let byteCount: Int

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  /// numpy's own limit is 10,000 characters.
  private static let longest = 10_000

  /// Reads the header that a stream begins with, and nothing after it.
  ///
  /// - Throws: LockstepError (.data) naming `path`: no .npy file, pickled objects, records, columns before rows.
  package init(reading stream: any ByteStream, path: String) throws {
    func failure(_ expected: String, _ found: String, _ fix: String) -> LockstepError {
      LockstepError(.data, path, expected: expected, found: found, fix: fix)
    }
    let again = "Save the array again with numpy.save or numpy.savez"
    func bytes(_ count: Int) throws -> [UInt8] {
      var bytes = [UInt8](repeating: 0, count: count)
      let got = try bytes.withUnsafeMutableBytes { try stream.read(into: $0) }
      guard got == count else { throw failure("a .npy array", "its end within the header", again) }
      return bytes
    }
    let start = try bytes(8)
    guard start.starts(with: Self.magic) else { throw failure("a .npy array", "other bytes", again) }
    guard 1...3 ~= start[6] else {
      throw failure("a .npy array of version 1 to 3", "version \(start[6])", again)
    }
    let size = try bytes(start[6] == 1 ? 2 : 4)
    let length = size.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= Self.longest else {
      throw failure("a header of up to \(Self.longest) bytes", "\(length)", again)
    }
    let text = String(decoding: try bytes(length), as: UTF8.self)
    guard let description = Self.value(of: "descr", in: text),
      let order = Self.value(of: "fortran_order", in: text),
      let sizes = Self.value(of: "shape", in: text), let shape = Self.shape(sizes)
    else { throw failure("the header of a .npy array", "'\(text)'", again) }
    let quoted = description.filter { $0 != "'" && $0 != "\"" }
    guard let type = NumberType(numpy: quoted) else {
      let isPickle = quoted.contains("O")
      throw failure(
        "an array of numbers",
        isPickle ? "pickled Python objects, which could run any code" : "the type \(quoted)",
        isPickle
          ? "Save the arrays as numbers, with allow_pickle=False" : "Save it as an array of uint8 or float32")
    }
    guard shape.reduce(Double(type.size), { $0 * Double(max($1, 1)) }) < 0x1p48 else {
      throw failure("a size that fits on a disk", "the dimensions \(shape)", again)
    }
    guard order == "False" || shape.filter({ $0 > 1 }).count <= 1 else {
      throw failure(
        "rows one after the other", "columns (Fortran's order)", "Save numpy.ascontiguousarray of it")
    }
    (self.type, self.shape) = (type, shape)
    byteCount = 8 + size.count + length
  }

  /// The text of a key's value in the dictionary of a header: up to the comma that is in no brackets.
  private static func value(of key: String, in text: String) -> String? {
    guard let range = text.firstRange(of: "'\(key)':") else { return nil }
    var depth = 0
    var value = ""
    for letter in text[range.upperBound...] {
      if "([".contains(letter) { depth += 1 }
      if ")]".contains(letter) { depth -= 1 }
      if depth <= 0, letter == "," || letter == "}" { break }
      value.append(letter)
    }
    return value.filter { $0 != " " }
  }

  /// Of "(60000,28,28)", or "(5,)".
  private static func shape(_ text: String) -> [Int]? {
    guard text.hasPrefix("("), text.hasSuffix(")") else { return nil }
    let sizes = text.dropFirst().dropLast().split(separator: ",").map { Int($0) }
    guard sizes.count <= 32, sizes.allSatisfy({ ($0 ?? -1) >= 0 }) else { return nil }
    return sizes.compactMap { $0 }
  }
}
