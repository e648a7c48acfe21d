import LockstepCore

extension FuzzTarget {
  /// IDX files as labels: an accepted one has one class for each sample, consistent with every column.
  static let labels = FuzzTarget(
    name: "labels", dictionary: IDXElement.allCases.map { [0, 0, $0.rawValue, 2] },
    longestInput: 4096, largestAllocation: 5
  ) { bytes in
    let table = try IDXFile(contents: bytes, path: "fuzz").table()
    let (classes, note) = try table.labelReading(path: "fuzz")
    try require(classes.count == table.count, "\(classes.count) labels of \(table.count) samples")
    let columns = table.elementsPerSample
    if note != nil {
      for (row, label) in classes.enumerated() {
        let sample = table.sample(row)
        let size = table.element.byteCount
        let one = Int(label) * size + size - 1
        try require(label < columns && sample[one] == 1, "row \(row) has no 1 at \(label)")
        try require(sample.count { $0 != 0 } == 1, "row \(row) has more than a 1")
      }
    } else if columns > 1 {
      try require(table.element == .int32 && columns == 8, "\(columns) columns without a word")
      try require(classes.allSatisfy { 0...9 ~= $0 }, "no digits")
    }
  }

  /// IDX files as images: an accepted one has a shape that the trainer supports, and finite numbers.
  static let images = FuzzTarget(
    name: "images", dictionary: IDXElement.allCases.map { [0, 0, $0.rawValue, 4] },
    longestInput: 4096, largestAllocation: 5
  ) { bytes in
    let table = try IDXFile(contents: bytes, path: "fuzz").table()
    let split = Split(images: table, labels: Array(repeating: 0, count: table.count))
    let images = try Dataset(train: split, test: split, name: "fuzz").train.images
    try require((1...3).contains(images.shape.count), "the shape \(images.shape)")
    try require(images.elementsPerSample == images.shape.reduce(1, *), "another number of elements")
    try require(images.elementsPerSample == table.elementsPerSample, "other elements than the file's")
  }
}
