import LockstepCore
import LockstepImport

extension FuzzTarget {
  /// PNG files: an accepted one is a picture of as many pixels as it says.
  static let png = FuzzTarget(
    name: "png", dictionary: tokens("IHDR", "IDAT", "IEND", "PLTE", "tRNS", "gAMA", "iCCP", "tEXt", "sRGB"),
    // Deflate inflates 1032:1, and a bit may become three bytes.
    longestInput: 2048, largestAllocation: 52
  ) { try readPicture($0) }

  /// JPEG files.
  static let jpeg = FuzzTarget(
    name: "jpeg",
    dictionary: [[0xFF, 0xD8], [0xFF, 0xC0], [0xFF, 0xC2], [0xFF, 0xC4], [0xFF, 0xDA], [0xFF, 0xD9]],
    longestInput: 2048, largestAllocation: 8
  ) { try readPicture($0) }

  private static func readPicture(_ bytes: [UInt8]) throws {
    let picture = try Picture(bytes: bytes, path: "fuzz")
    try require(picture.width * picture.height <= Picture.mostPixels, "\(picture.width)x\(picture.height)")
    guard picture.width * picture.height <= 1 << 16 else { return }
    var form = PictureForm(height: 28, width: 20, channels: 1)
    try require(picture.prepared(as: form).planes.count == 28 * 20, "another size")
    form.isCentred = true
    try require(picture.prepared(as: form).planes.count == 28 * 20, "another size when centred")
  }

  /// numpy's arrays: an accepted header has a size that the numbers after it keep.
  static let npy = FuzzTarget(
    name: "npy",
    dictionary: tokens("'descr': ", "'fortran_order': True", "'shape': (1,)", "'<f4'", "'|O'", "-1"),
    longestInput: 4096, largestAllocation: 1
  ) { bytes in
    let array = try NumberArray(numpy: "fuzz", byteCount: bytes.count) { MemoryStream(bytes) }
    let numbers = try mustSucceed("its numbers") { try array.reader().read(array.count * array.rowCount) }
    try require(
      numbers.count * array.type.size < bytes.count, "\(numbers.count) numbers out of \(bytes.count) bytes")
    do { _ = try array.classes() } catch let error as LockstepError {
      try require(error.kind == .data, "\(error)")
    }
  }

  /// numpy's archives: an accepted one has a label for each row of numbers.
  static let npz = FuzzTarget(
    name: "npz",
    dictionary: tokens("PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "x_train.npy", "y_test.npy"),
    // Deflate inflates 1032:1, and a byte becomes a Float.
    longestInput: 2048, largestAllocation: 9
  ) { bytes in
    let source = try ImportSource.archive(ZipArchive(bytes: bytes, path: "fuzz"))
    for section in source.sections {
      guard case .rows(let rows) = section.samples else {
        throw BrokenInvariant(description: "files in an archive")
      }
      let numbers = try rows.open()(section.labels.count)
      try require(numbers.count == section.labels.count * rows.numbersPerSample, "another number of numbers")
      try require(section.labels.allSatisfy { source.classes.indices ~= Int($0) }, "a label without a class")
    }
  }

  /// CSV: the second reading of an accepted file gives as many rows as the first, and bytes where it promised them.
  static let csv = FuzzTarget(
    name: "csv", dictionary: tokens("label,", "\n", "\r\n", ",", ";", "\"", "1e9", "nan", "-", "0x1p3"),
    longestInput: 4096, largestAllocation: 1
  ) { bytes in
    guard let file = try CSVFile(path: "fuzz", open: { MemoryStream(bytes) }) else {
      throw LockstepError(.data, "fuzz", found: "no labels")
    }
    let rows = try file.rows()
    var values = [Float](repeating: 0, count: file.form.columns)
    var count = 0
    while try mustSucceed("read again", { try rows.next(&values) }) != nil {
      count += 1
      try require(
        !file.isOfBytes || values.allSatisfy { 0...255 ~= $0 && $0 == $0.rounded() }, "no bytes: \(values)")
    }
    try require(count == file.labels.count, "\(count) rows, \(file.labels.count) labels")
    try require(file.labels.allSatisfy { 0...65_535 ~= $0 }, "labels out of range")
  }
}
