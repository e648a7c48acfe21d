import LockstepCore
import LockstepImport
import Testing

/// CSV files, and what stands in the headers of numpy's arrays.
@Suite struct TableTests {
  private func table(_ text: String) throws -> CSVFile? {
    try CSVFile(path: "t.csv") { MemoryStream(Array(text.utf8)) }
  }

  private func rows(_ file: CSVFile) throws -> [[Float]] {
    let rows = try file.rows()
    var (values, all): ([Float], [[Float]]) = (.init(repeating: 0, count: file.form.columns), [])
    while try rows.next(&values) != nil { all.append(values) }
    return all
  }

  @Test func labelsAreFoundByNameOrComeFirst() throws {
    let first = try #require(try table("3,0,255\n1,7,8\n"))
    #expect(first.labels == [3, 1] && first.isOfBytes && first.classNames == nil)
    #expect(try rows(first) == [[0, 255], [7, 8]])
    let named = try #require(try table("\u{FEFF}pixel0,pixel1,Label\r\n1,2.5,4\r\n\r\n3,4,0"))
    #expect(named.labels == [4, 0] && !named.isOfBytes && named.form.namesPixels)
    #expect(try rows(named) == [[1, 2.5], [3, 4]])
    #expect(try table("pixel0,pixel1\n1,2\n") == nil)
    // As pandas numbers columns.
    let numbered = try #require(try table("label,0,1,2,3\n10,1,2,3,4\n2,5,6,7,8\n"))
    #expect(numbered.labels == [10, 2] && numbered.isOfBytes && numbered.classNames == nil)
  }

  @Test func labelsMayBeNames() throws {
    let flowers = try #require(try table("a;class\n1;\"rose\"\n2;lily\n3;rose\n"))
    #expect(flowers.classNames == ["lily", "rose"] && flowers.labels == [1, 0, 1])
    let quoted = try #require(try table("\"label\",\"a, b\"\n\"x,\"\"y\"\"\",\"1\"\n\"z\",2\n"))
    #expect(quoted.classNames == ["x,\"y\"", "z"] && quoted.labels == [0, 1])
    #expect(try rows(quoted) == [[1], [2]])
  }

  @Test(arguments: [
    ("1,2,3\n4,5\n", "t.csv: line 2", "3 values, as in the first line", "2"),
    ("1,2,3\n4,5,6,7\n", "t.csv: line 2", "3 values, as in the first line", "4"),
    ("1,2\n4,x\n", "t.csv: line 2", "a number in column 2", "'x'"),
    ("1,2\n4,nan\n", "t.csv: line 2", "a number in column 2", "'nan'"),
    ("label,a\n,1\nx,3\n", "t.csv: line 2", "a label in column 1", "none"),
    ("1,2\n-4,5\n", "t.csv", "labels from 0 to 65535", "'-4'"),
    ("1,2\n0.5,5\n", "t.csv", "labels from 0 to 65535", "'0.5'"),
    ("label,a,y\n1,2,3\n", "t.csv: line 1", "one column of labels", #"["label", "y"]"#),
    (
      ",label,a\n0,1,2\n", "t.csv: line 1", "a name for each column",
      "none for column 1 (pandas: to_csv(index=False) leaves the index out)"
    ),
    ("label,a\n", "t.csv: line 1", "lines of numbers", "a header alone"),
    ("", "t.csv: line 0", "lines of numbers", "none"),
  ])
  func whatDoesNotFitIsNamed(text: String, subject: String, expected: String, found: String) throws {
    let error = try #require(#expect(throws: LockstepError.self) { try table(text) })
    #expect(error.kind == .data)
    #expect([error.subject, error.expected, error.found] == [subject, expected, found])
    #expect(error.description.contains("--loss mse") == (found == "'0.5'"))
  }

  private func header(_ text: String) throws -> NumpyHeader {
    let bytes = [0x93] + Array("NUMPY\u{1}\0".utf8) + [UInt8(text.utf8.count), 0] + Array(text.utf8)
    return try NumpyHeader(reading: MemoryStream(bytes), path: "a.npy")
  }

  @Test func readsHeaders() throws {
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }   \n"
    let header = try header(text)
    #expect(header.shape == [60000, 28, 28] && header.byteCount == 10 + text.utf8.count)
    #expect(header.type.kind == .floating && header.type.size == 4 && !header.type.isBigEndian)
    #expect(try self.header("{'descr': '|u1', 'fortran_order': True, 'shape': (5,), }").shape == [5])
  }

  @Test(arguments: [
    ("'|O'", "False", "(2,)", "pickled Python objects"), ("[('a', '<i4')]", "False", "(2,)", "the type"),
    ("'<U8'", "False", "(2,)", "the type"), ("'<f4'", "True", "(2, 3)", "columns (Fortran's order)"),
    ("'<f4'", "False", "(2, -3)", "descr"), ("'<f8'", "False", "(9999999999, 9999999999)", "the dimensions"),
  ])
  func refusesOtherHeaders(type: String, order: String, shape: String, found: String) throws {
    let error = #expect(throws: LockstepError.self) {
      try header("{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }")
    }
    #expect(error?.kind == .data && error?.found.contains(found) == true, "\(String(describing: error))")
  }

  @Test func convertsNumbers() throws {
    let cases: [(String, [UInt8], [Float])] = [
      ("|u1", [0, 255], [0, 255]), ("|b1", [0, 2], [0, 1]), ("|i1", [255, 1], [-1, 1]),
      ("<u2", [1, 2], [513]), (">i2", [0xFF, 0xFE], [-2]),
      ("<f2", [0, 0x3C, 0, 0xC0, 1, 0], [1, -2, 0x1p-24]),
      (">f4", [0x3F, 0x80, 0, 0], [1]), ("<f8", [0, 0, 0, 0, 0, 0, 0xF0, 0x3F], [1]),
      ("<i8", [7, 0, 0, 0, 0, 0, 0, 0], [7]),
    ]
    for (name, bytes, expected) in cases {
      let type = try #require(NumberType(numpy: name))
      var numbers = [Float](repeating: .nan, count: bytes.count / type.size)
      bytes.withUnsafeBytes { bytes in numbers.withUnsafeMutableBufferPointer { type.convert(bytes, to: $0) }
      }
      #expect(numbers == expected, "\(name)")
    }
  }

  @Test func namesOfArraysSayWhatTheyAre() {
    let names: [(String, ArrayName.Role?, ImportSource.Section.Half, Bool)] = [
      ("x_train.npy", .images, .train, false), ("y_test.npy", .labels, .test, false),
      ("val_images.npy", .images, .whole, true), ("test_labels.npy", .labels, .test, false),
      ("arr_0.npy", .images, .whole, false), ("arr_1.npy", .labels, .whole, false),
      ("X.npy", .images, .whole, false), ("mean.npy", nil, .whole, false),
    ]
    for (text, role, half, isValidation) in names {
      let name = ArrayName(text, file: "a.npz")
      #expect(name.role == role && name.half == half && name.isValidation == isValidation, "\(text)")
    }
  }

  @Test func splitsTakeTheSameFractionOfEachClass() {
    let labels = (0..<1000).map { Int32($0 < 900 ? 0 : 1) }
    let isTest = SeededOrder.isTest(labels: labels, fraction: 0.2, seed: 1)
    #expect(isTest[..<900].count { $0 } == 180 && isTest[900...].count { $0 } == 20)
    #expect(SeededOrder.isTest(labels: labels, fraction: 0.2, seed: 1) == isTest)
    #expect(SeededOrder.isTest(labels: labels, fraction: 0.2, seed: 2) != isTest)
    #expect(SeededOrder.order(count: 50, seed: 3, half: 0).sorted() == Array(0..<50))
    #expect(SeededOrder.order(count: 50, seed: 3, half: 0) != SeededOrder.order(count: 50, seed: 3, half: 1))
  }
}
