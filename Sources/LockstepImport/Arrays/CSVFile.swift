import LockstepSupport

/// A CSV file of samples: it is read once for labels and the kind of its numbers, and again for the numbers.
package struct CSVFile {
  package let path: String
  package let form: CSVForm
  /// The class of each line.
  package private(set) var labels: [Int32] = []
  /// The names of the classes where labels are no numbers.
  package private(set) var classNames: [String]?
  /// Whether all numbers are whole ones from 0 to 255.
  package private(set) var isOfBytes = true
  /// The largest of them.
  private(set) var largest: Float = 0
  private let open: () throws -> any ByteStream

  /// nil for a file whose header names no label.
  ///
  /// - Throws: LockstepError (.data) naming the line.
  package init?(path: String, open: @escaping () throws -> any ByteStream) throws {
    (self.path, self.open) = (path, open)
    guard let form = try CSVForm(firstLineOf: CSVReader(open(), path: path), path: path) else { return nil }
    self.form = form
    let reader = try rows()
    var values = [Float](repeating: 0, count: form.columns)
    var numbers: [String: Int32] = [:]
    var number: Int32 = 0
    while let label = try reader.next(&values) {
      if let known = numbers[label] {
        number = known
      } else {
        number = Int32(numbers.count)
        guard numbers.count < 1 << 16 else { throw reader.failure("at most 65536 different labels", "more") }
        numbers[label] = number
      }
      labels.append(number)
      if isOfBytes { isOfBytes = values.allSatisfy { 0...255 ~= $0 && $0 == $0.rounded() } }
      largest = max(largest, values.max() ?? 0)
    }
    guard !labels.isEmpty else { throw reader.failure("lines of numbers", "a header alone") }
    try name(numbers)
  }

  /// Labels that are whole numbers are the classes; others are numbered in their alphabetical order.
  private mutating func name(_ numbers: [String: Int32]) throws {
    let texts = numbers.sorted { $0.value < $1.value }.map(\.key)
    let values = texts.map { Float($0) }
    var classes: [Int32]
    if values.allSatisfy({ $0 != nil }) {
      if let odd = texts.indices.first(where: { !ClassNumber.isOne(values[$0]!) }) {
        throw ClassNumber.refusal(values[odd]!, found: "'\(texts[odd])'", in: path)
      }
      classes = values.map { Int32($0!) }
    } else {
      let names = texts.sorted()
      let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
      (classNames, classes) = (names, texts.map { places[$0]! })
    }
    labels = labels.map { classes[Int($0)] }
  }

  package func rows() throws -> Rows { Rows(CSVReader(try open(), path: path), form) }

  /// The lines of samples.
  package final class Rows {
    private let reader: CSVReader
    private let form: CSVForm
    private var isAtStart = true

    init(_ reader: CSVReader, _ form: CSVForm) { (self.reader, self.form) = (reader, form) }

    /// The label of the next line, whose numbers go to `values`; nil at the end.
    package func next(_ values: inout [Float]) throws -> String? {
      if isAtStart, form.hasHeader { _ = try reader.advance() }
      isAtStart = false
      return try reader.advance() ? try reader.row(form, values: &values) : nil
    }

    func failure(_ expected: String, _ found: String) -> LockstepError { reader.failure(expected, found) }
  }
}
