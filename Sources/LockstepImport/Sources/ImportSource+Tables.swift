import LockstepSupport

extension ImportSource {
  /// Of CSV files: one, or one with `train` and one with `test` in their names.
  static func tables(_ paths: [String], in place: String) throws -> ImportSource {
    var notes: [String] = []
    var tables: [(half: Section.Half, file: CSVFile)] = []
    let halves = paths.map { ArrayName($0, file: $0).half }
    for (path, half) in zip(paths, halves) {
      if half == .whole, halves.contains(.train) {
        notes.append("\(path) is left out: its name says neither train nor test")
        continue
      }
      guard let file = try CSVFile(path: path, open: { try FileStream(path: path) }) else {
        notes.append("\(path) is left out: its header names no column 'label'")
        continue
      }
      tables.append((paths.count == 1 ? .whole : half, file))
    }
    guard let first = tables.first?.file else {
      throw LockstepError(
        .data, place,
        expected: "a column named label (or \(CSVForm.labelNames.dropFirst().joined(separator: ", ")))",
        found: "none in the first line",
        fix: "Name the column of the labels, or leave the line out and put labels first")
    }
    // With a table that cannot be used, what is left is the whole.
    if tables.count == 1 { tables[0].half = .whole }
    try requireHalves(tables.map(\.half), names: tables.map(\.file.path), in: place)
    for (_, file) in tables
    where file.form.columns != first.form.columns || file.classNames != first.classNames {
      throw LockstepError(
        .data, file.path, expected: "\(first.form.columns) numbers a line and the labels of \(first.path)",
        found:
          "\(file.form.columns), \(file.classNames?.joined(separator: ", ") ?? "labels that are numbers")",
        fix: "Take both files from the same dataset")
    }
    let sections = tables.map { table in
      Section(half: table.half, labels: table.file.labels, samples: .rows(rows(of: table.file)))
    }
    return ImportSource(
      kind: "CSV", sections: sections, classes: first.classNames ?? numbered(sections), notes: notes)
  }

  private static func rows(of file: CSVFile) -> Rows {
    Rows(
      name: file.path, shape: [file.form.columns], isOfBytes: file.isOfBytes,
      isOfFewShades: file.isOfBytes && file.largest < 128, namesPixels: file.form.namesPixels
    ) {
      let rows = try file.rows()
      var values = [Float](repeating: 0, count: file.form.columns)
      return { count in
        var numbers: [Float] = []
        numbers.reserveCapacity(count * values.count)
        for _ in 0..<count {
          guard try rows.next(&values) != nil else {
            throw rows.failure("as many lines as when it was first read", "its end")
          }
          numbers += values
        }
        return numbers
      }
    }
  }

  /// There must be one part for each half, or one for both.
  static func requireHalves(_ halves: [Section.Half], names: [String], in place: String) throws {
    let tests = halves.count(where: { $0 == .test })
    guard halves.count - tests == 1, tests <= 1 else {
      throw LockstepError(
        .data, place,
        expected: "samples to train on, and perhaps to test with, by 'train' and 'test' in their names",
        found: names.prefix(8).joined(separator: ", "), fix: "Name the file itself, or rename them")
    }
  }
}
