import LockstepSupport
import PlatformC

/// Lines of numbers and a label, of a stream: read once, a line at a time.
final class CSVReader {
  private let path: String
  private let stream: any ByteStream
  private var buffer = [UInt8](repeating: 0, count: 1 << 18)
  private var unread = 0..<0
  private var line: [UInt8] = []
  private(set) var lineNumber = 0
  /// A row of 64 MB is no row.
  private static let longestLine = 1 << 26

  init(_ stream: any ByteStream, path: String) { (self.stream, self.path) = (stream, path) }

  /// Moves to the next line that is not blank; false at the end.
  func advance() throws -> Bool {
    repeat {
      guard try readLine() else { return false }
      lineNumber += 1
      if lineNumber == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
    } while line.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    return true
  }

  private func readLine() throws -> Bool {
    line.removeAll(keepingCapacity: true)
    var isSome = false
    while true {
      if unread.isEmpty {
        unread = 0..<(try buffer.withUnsafeMutableBytes { try stream.read(into: $0) })
        if unread.isEmpty { return isSome }
      }
      isSome = true
      let end = buffer[unread].firstIndex(of: UInt8(ascii: "\n"))
      line += buffer[unread.lowerBound..<(end ?? unread.upperBound)]
      unread = (end.map { $0 + 1 } ?? unread.upperBound)..<unread.upperBound
      guard line.count <= Self.longestLine else { throw failure("lines of up to 64 MB", "a longer one") }
      if end != nil { return true }
    }
  }

  /// The fields of the line as text, without quotes around them.
  func texts(separator: UInt8) -> [String] {
    line.withUnsafeBufferPointer { line in
      var (texts, start): ([String], Int) = ([], 0)
      while start <= line.count {
        let end = Self.end(of: start, in: line, separator)
        texts.append(Self.text(line[start..<end]))
        start = end + 1
      }
      return texts
    }
  }

  /// Where the field that begins at `start` ends: at the next separator outside of quotes (RFC 4180).
  private static func end(of start: Int, in line: UnsafeBufferPointer<UInt8>, _ separator: UInt8) -> Int {
    guard start < line.count, line[start] == UInt8(ascii: "\"") else {
      return line[start...].firstIndex(of: separator) ?? line.count
    }
    var isQuoted = false
    return line[start...].firstIndex {
      if $0 == UInt8(ascii: "\"") { isQuoted.toggle() }
      return !isQuoted && $0 == separator
    } ?? line.count
  }

  /// The label of the line; its numbers go to `values`, of which there must be as many.
  func row(_ form: CSVForm, values: inout [Float]) throws -> String {
    var label: String?
    var (start, column, filled) = (0, 0, 0)
    try line.withUnsafeBufferPointer { line in
      while start <= line.count {
        let end = Self.end(of: start, in: line, form.separator)
        if column == form.labelColumn {
          label = Self.text(line[start..<end])
        } else {
          guard filled < values.count else { break }
          values[filled] = try number(line[start..<end], column)
          filled += 1
        }
        (start, column) = (end + 1, column + 1)
      }
    }
    guard start > line.count, filled == values.count, let label else {
      throw failure(
        "\(values.count + 1) values, as in the first line", "\(texts(separator: form.separator).count)")
    }
    guard !label.isEmpty else { throw failure("a label in column \(form.labelColumn + 1)", "none") }
    return label
  }

  private func number(_ field: Slice<UnsafeBufferPointer<UInt8>>, _ column: Int) throws -> Float {
    var whole = 0
    var isWhole = 1...7 ~= field.count
    for byte in field where isWhole {
      isWhole = UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
      whole = 10 * whole + Int(byte &- UInt8(ascii: "0"))
    }
    if isWhole { return Float(whole) }
    guard let value = Float(Self.text(field)), value.isFinite else {
      throw failure("a number in column \(column + 1)", "'\(Self.text(field.prefix(40)))'")
    }
    return value
  }

  private static func text(_ field: some Collection<UInt8>) -> String {
    var text = Substring(String(decoding: field, as: UTF8.self))
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    guard text.count > 1, text.first == "\"", text.last == "\"" else { return String(text) }
    return text.dropFirst().dropLast().split(separator: "\"\"", omittingEmptySubsequences: false)
      .joined(separator: "\"")
  }

  func failure(_ expected: String, _ found: String) -> LockstepError {
    LockstepError(
      .data, "\(path): line \(lineNumber)", expected: expected, found: found,
      fix: "Write each sample as one line of numbers with its label")
  }
}

/// Where label and numbers stand in the lines of a CSV file.
package struct CSVForm: Equatable {
  package let separator: UInt8
  package let labelColumn: Int
  /// The numbers of a line, the label not counted.
  package let columns: Int
  package let hasHeader: Bool
  /// Whether a header names the columns as pixels: `pixel0` or `1x1`.
  package let namesPixels: Bool

  /// What the column of the label may be called.
  static let labelNames = ["label", "labels", "class", "target", "y"]

  /// From the first line of a file. nil where a header names no label, as that of Kaggle's test.csv.
  ///
  /// - Throws: LockstepError (.data) for an empty file, one without numbers, or several labels.
  init?(firstLineOf reader: CSVReader, path: String) throws {
    guard try reader.advance() else { throw reader.failure("lines of numbers", "none") }
    let separators = [",", ";", "\t"].map { UInt8(ascii: $0) }
    separator = separators.max { reader.texts(separator: $0).count < reader.texts(separator: $1).count }!
    let fields = reader.texts(separator: separator)
    guard fields.count > 1 else {
      throw reader.failure("a label and numbers with commas between them", "'\(fields[0].prefix(40))'")
    }
    columns = fields.count - 1
    let labels = fields.indices.filter { Self.labelNames.contains(fields[$0].lowercased()) }
    guard labels.count < 2 else {
      throw reader.failure("one column of labels", "\(labels.map { fields[$0] })")
    }
    hasHeader = fields.dropFirst().contains { Float($0) == nil } || Self.isNumbered(fields, labels.first)
    if hasHeader, let column = fields.firstIndex(of: "") {
      throw reader.failure(
        "a name for each column",
        "none for column \(column + 1) (pandas: to_csv(index=False) leaves the index out)")
    }
    if hasHeader, labels.isEmpty { return nil }
    labelColumn = labels.first ?? 0
    let other = fields[labelColumn == 0 ? 1 : 0].lowercased()
    namesPixels =
      hasHeader && (other.hasPrefix("pixel") || PictureSize.isPosition(other))
  }

  /// Whether a label's name stands beside the numbers of columns, from 0 or 1 on, as pandas writes them.
  private static func isNumbered(_ fields: [String], _ label: Int?) -> Bool {
    guard let label else { return false }
    let numbers = fields.indices.filter { $0 != label }.map { Int(fields[$0]) }
    guard let first = numbers.first ?? nil, 0...1 ~= first else { return false }
    return numbers.indices.allSatisfy { numbers[$0] == first + $0 }
  }
}
