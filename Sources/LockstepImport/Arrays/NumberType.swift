import LockstepData
import LockstepStorage
import LockstepSupport

/// How numbers lie in a file.
package struct NumberType: Equatable, Sendable {
  package enum Kind: Sendable { case unsigned, signed, floating, boolean }

  package let kind: Kind
  /// Bytes a number: 1, 2, 4 or 8.
  package let size: Int
  package let isBigEndian: Bool

  /// Bytes from 0 to 255.
  var isByte: Bool { kind == .unsigned && size == 1 }

  init(kind: Kind, size: Int, isBigEndian: Bool) {
    (self.kind, self.size, self.isBigEndian) = (kind, size, isBigEndian)
  }

  /// That of an IDX file's elements.
  init(_ element: IDXElement) {
    let kind: Kind = element == .uint8 ? .unsigned : element.isInteger ? .signed : .floating
    self.init(kind: kind, size: element.byteCount, isBigEndian: true)
  }

  /// numpy's notation, such as `<f4` or `|u1`; nil for types that are no numbers.
  package init?(numpy text: String) {
    let kinds: [Character: Kind] = ["u": .unsigned, "i": .signed, "f": .floating, "b": .boolean]
    let letters = Array(text)
    guard letters.count == 3, "<>|=".contains(letters[0]), let kind = kinds[letters[1]],
      let size = letters[2].wholeNumberValue, [1, 2, 4, 8].contains(size),
      kind != .boolean || size == 1, kind != .floating || size > 1, letters[0] != "|" || size == 1
    else { return nil }
    self.init(kind: kind, size: size, isBigEndian: letters[0] == ">")
  }

  /// Converts `numbers.count` numbers. Float holds whole numbers up to 2^24 exactly: pixels and classes are smaller.
  package func convert(_ bytes: UnsafeRawBufferPointer, to numbers: UnsafeMutableBufferPointer<Float>) {
    func each<T>(_ type: T.Type, _ value: (T) -> Float) {
      for i in numbers.indices {
        numbers[i] = value(bytes.loadUnaligned(fromByteOffset: i * size, as: T.self))
      }
    }
    switch (kind, size) {
    case (.unsigned, 1): each(UInt8.self) { Float($0) }
    case (.boolean, _): each(UInt8.self) { $0 == 0 ? 0 : 1 }
    case (.unsigned, 2): each(UInt16.self) { Float(ordered($0)) }
    case (.unsigned, 4): each(UInt32.self) { Float(ordered($0)) }
    case (.unsigned, _): each(UInt64.self) { Float(ordered($0)) }
    case (.signed, 1): each(Int8.self) { Float($0) }
    case (.signed, 2): each(Int16.self) { Float(ordered($0)) }
    case (.signed, 4): each(Int32.self) { Float(ordered($0)) }
    case (.signed, _): each(Int64.self) { Float(ordered($0)) }
    case (.floating, 2): each(UInt16.self) { Safetensors.ElementType.half(ordered($0)) }
    case (.floating, 4): each(UInt32.self) { Float(bitPattern: ordered($0)) }
    case (.floating, _): each(UInt64.self) { Float(Double(bitPattern: ordered($0))) }
    }
  }

  private func ordered<T: FixedWidthInteger>(_ value: T) -> T {
    isBigEndian ? T(bigEndian: value) : T(littleEndian: value)
  }
}
