import LockstepCore

extension FuzzTarget {
  /// IDX files, raw or gzip: an accepted file is as large as its header says, and reads the same when compressed.
  static let idx = FuzzTarget(
    name: "idx",
    dictionary: IDXElement.allCases.map { [0, 0, $0.rawValue, 2] } + [[0x1F, 0x8B, 8]] + tokens("<html>"),
    // Deflate inflates 1032:1.
    longestInput: 4096, largestAllocation: 5
  ) { bytes in
    let isCompressed = bytes.starts(with: [0x1F, 0x8B])
    let raw = Result { try payload(bytes) }
    if !isCompressed {
      switch (raw, Result { try payload(gzipStored(bytes)) }) {
      case (.success(let raw), .success(let inflated)):
        try require(raw == inflated, "raw and compressed differ")
        try require(raw == bytes.suffix(raw.count), "the elements are not those of the file")
      case (.failure(let raw as LockstepError), .failure(let inflated as LockstepError)):
        try require(raw.kind == inflated.kind, "raw: \(raw); compressed: \(inflated)")
      case (let raw, let inflated):
        throw BrokenInvariant(description: "raw: \(raw); compressed: \(inflated)")
      }
    }
    _ = try raw.get()
  }

  /// The bytes of all elements.
  private static func payload(_ contents: [UInt8]) throws -> [UInt8] {
    let file = try IDXFile(contents: contents, path: "fuzz")
    let header = file.header
    try require(header.payloadByteCount < 1032 * (contents.count + 1), "a promise beyond what gzip can hold")
    let table = try file.table()
    try require(
      table.count > 0 && table.shape == header.sampleShape
        && table.bytes.count == header.dimensions.reduce(header.element.byteCount, *),
      "a table that is not as its header")
    try use(table)
    return (0..<table.count).flatMap(table.sample)
  }

  /// Uses the table as images and as labels, as a dataset does; any problem must be a data error.
  private static func use(_ table: SampleTable) throws {
    do {
      if !table.element.isInteger { return try useTargets(table) }
      let labels = try table.labels(path: "fuzz")
      try require(labels.count == table.count, "\(labels.count) labels of \(table.count) samples")
      let split = Split(images: table, labels: labels)
      let dataset = try Dataset(train: split, test: split, name: "fuzz")
      try require(2...65_536 ~= dataset.classes, "\(dataset.classes) classes")
    } catch let error as LockstepError {
      try require(error.kind == .data, "\(error)")
    }
  }

  /// Uses it as images and as numbers to predict of them.
  private static func useTargets(_ table: SampleTable) throws {
    let split = Split(images: table, targets: try table.targets(path: "fuzz", images: nil))
    let dataset = try Dataset(train: split, test: split, name: "fuzz")
    let scaling = TargetScaling(of: table)
    try require(dataset.outputs == scaling.columns, "\(dataset.outputs) outputs")
    try require(TargetScaling(text: scaling.text) == scaling, "another scaling: \(scaling.text)")
    for sample in 0..<table.count {
      for column in 0..<scaling.columns {
        let scaled = scaling.scaled(table.target(sample, column), column)
        try require(abs(scaled) <= Double(table.count), "a target of \(scaled) deviations")
      }
    }
  }
}
