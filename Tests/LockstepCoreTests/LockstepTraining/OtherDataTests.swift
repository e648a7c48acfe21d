import LockstepCore
import Testing

/// Data that is not MNIST trains as well, or is told why it does not.
@Suite struct OtherDataTests {
  struct Kind: Sendable, CustomTestStringConvertible {
    var shape: [Int]
    var classes: Int
    var element = IDXElement.uint8
    var testDescription: String { "\(shape) of \(element), \(classes) classes" }
  }

  static let kinds = [
    Kind(shape: [8, 8], classes: 10), Kind(shape: [32, 32], classes: 2),
    Kind(shape: [3, 32, 32], classes: 10), Kind(shape: [28, 28], classes: 1000, element: .int16),
    Kind(shape: [16, 21], classes: 3, element: .float32),
    Kind(shape: [3, 17, 16], classes: 4, element: .float64),
    Kind(shape: [1], classes: 2, element: .int32), Kind(shape: [120], classes: 5, element: .int8),
  ]

  private func dataset(_ kind: Kind) throws -> Dataset {
    // The last sample's label is the largest, which tells the number of classes.
    try formulaDataset(
      samples: 40, shape: kind.shape, classes: kind.classes, element: kind.element,
      label: { $0 == 39 ? kind.classes - 1 : $0 })
  }

  /// Six steps; the digests that one and three ranks come to.
  private func train(_ data: Dataset, _ change: (inout Recipe) -> Void) throws -> [TrainingResult] {
    var recipe = Recipe()
    (recipe.epochs, recipe.batchSize) = (2, 16)
    change(&recipe)
    let final = recipe
    return try [1, 3].flatMap { ranks in
      try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
        try Trainer(
          recipe: final, dataset: data, collective: collective, team: try ThreadTeam(count: 1)
        ).train()
      }.map { try $0.get() }
    }
  }

  @Test(arguments: kinds)
  func theDefaultRecipeTrains(kind: Kind) throws {
    let data = try dataset(kind)
    #expect(data.classes == kind.classes)
    let results = try train(data) { _ in }
    #expect(Set(results.map(\.digest)).count == 1)
    #expect(results.allSatisfy { $0.steps == 6 && $0.test.count == 20 && $0.test.loss.isFinite })
  }

  @Test(arguments: kinds.filter { $0.shape.count >= 2 && $0.shape.suffix(2).allSatisfy { $0 >= 16 } })
  func theModelCNNTrains(kind: Kind) throws {
    let results = try train(dataset(kind)) {
      ($0.model, $0.optimizer, $0.learningRate) = (.cnn, .adam, 0.001)
      $0.augmentation = Augmentation(shift: 2, rotate: 10, scale: 0.1)
    }
    #expect(Set(results.map(\.digest)).count == 1)
    #expect(results[0].test.loss.isFinite)
  }

  @Test(arguments: [
    (Kind(shape: [8, 8], classes: 10), "layer 3 (conv 20 5x5)", "at least 5x5", "2x2"),
    (Kind(shape: [4, 32], classes: 10), "layer 0 (conv 10 5x5)", "at least 5x5", "4x32"),
    (Kind(shape: [13, 13], classes: 10), "layer 3 (conv 20 5x5)", "at least 5x5", "4x4"),
    (Kind(shape: [14, 14], classes: 10), "layer 5 (maxpool 2)", "at least 2x2", "1x1"),
    (Kind(shape: [784], classes: 10), "layer 0 (conv 10 5x5)", "[channels, height, width]", "[784]"),
  ])
  func whatDoesNotFitIsNamed(kind: Kind, layer: String, needed: String, got: String) throws {
    let error = #expect(throws: LockstepError.self) { try train(dataset(kind)) { $0.model = .cnn } }
    #expect(error?.kind == .usage && error?.subject == layer)
    #expect(error?.expected?.contains(needed) == true && error?.found == got, "\(error?.description ?? "")")
  }

  @Test func augmentationNeedsImages() throws {
    let error = #expect(throws: LockstepError.self) {
      try train(dataset(Kind(shape: [13], classes: 2))) { $0.augmentation.shift = 1 }
    }
    #expect(error?.found == "samples of shape [13]")
  }

  /// Color images as a file of four dimensions, on disk, in Float; labels as int32, for there are more than 256
  /// classes.
  @Test func filesOfOtherTypesTrain() throws {
    let (train, test) = try {
      let data = try dataset(Kind(shape: [3, 16, 16], classes: 300, element: .float32))
      return (data.train, data.test)
    }()
    func images(_ split: Split) -> [UInt8] {
      idx(.float32, [split.count, 3, 16, 16], Array(split.images.bytes))
    }
    func labels(_ split: Split) -> [UInt8] {
      let bytes = split.labels.flatMap { label in withUnsafeBytes(of: label.bigEndian) { Array($0) } }
      return idx(.int32, [split.count], bytes)
    }
    let directory = try TemporaryDirectory([
      "train-images-idx4-float": images(train), "train-labels-idx1-int": labels(train),
      "test-images-idx4-float.gz": gzip(images(test)), "test-labels-idx1-int": labels(test),
    ])
    let data = try Dataset.load(directory: directory.path, collective: SingleProcess())
    #expect(data.classes == 300 && data.train.images.shape == [3, 16, 16])
    let memory = try dataset(Kind(shape: [3, 16, 16], classes: 300, element: .float32))
    #expect(
      try self.train(data) { $0.model = .cnn }[0].digest == self.train(memory) { $0.model = .cnn }[0].digest)
  }

  /// Numbers mean the same whatever type holds them; bytes alone are divided by 255.
  @Test func typesOfEqualNumbersTrainAlike() throws {
    let digests = try [IDXElement.int16, .int32, .float32, .float64].map { element in
      try train(dataset(Kind(shape: [4, 4], classes: 3, element: element))) { _ in }[0].digest
    }
    #expect(Set(digests).count == 1)
  }
}
