import LockstepCore
import Testing

/// Labels that are numbers.
@Suite struct RegressionTests {
  /// Two columns of other units and places, linear in the samples but for a part that is not.
  static func dataset(_ samples: Int, test: Int = 100, outlier: Double? = nil) throws -> Dataset {
    func rows(_ count: Int, _ start: Int) -> (images: [[Float]], targets: [[Double]]) {
      let images = (start..<start + count).map { sample in
        (0..<5).map { Golden.number(1, 5 * sample + $0) }
      }
      let targets = images.map { x in
        [1e6 + 300 * Double(x[0] - 2 * x[1]), Double(x[2] + x[3] * x[4]) / 1000]
      }
      return (images, targets)
    }
    let train = rows(samples, 0)
    var judges = rows(test, samples)
    if let outlier { judges.targets[test / 2][1] = outlier }
    return try Dataset(images: train.images, targets: train.targets, test: judges, name: "numbers")
  }

  static func recipe(_ loss: String) -> Recipe {
    var recipe = Recipe()
    (recipe.loss, recipe.hidden, recipe.epochs, recipe.batchSize) = (loss, [24], 20, 16)
    return recipe
  }

  /// Figures by another way: a prediction for each sample, and sums in double.
  @Test(arguments: ["mse", "l1"]) func errorsAreInTheUnitOfTheTargets(loss: String) throws {
    let data = try Self.dataset(600)
    var reports: [EpochReport] = []
    let model = try Training(Self.recipe(loss), on: data).run { event in
      if case .epoch(let report) = event { reports.append(report) }
    }
    let report = try #require(reports.last)
    let errors = try #require(report.test.errors)
    #expect(errors.r2 > 0.9 && report.trainAccuracy == nil, "\(errors)")
    let targets = try #require(data.test.targets)
    let found = try model.predict(
      (600..<700).map { sample in (0..<5).map { Golden.number(1, 5 * sample + $0) } })
    var losses = [Double](repeating: 0, count: 2)
    for column in 0..<2 {
      let wanted = (0..<100).map { targets.target($0, column) }
      let mean = wanted.reduce(0, +) / 100
      let distances = (0..<100).map { Double(found[$0][column]) - wanted[$0] }
      let squares = distances.reduce(0) { $0 + $1 * $1 } / 100
      let absolute = distances.reduce(0) { $0 + abs($1) } / 100
      let variance = wanted.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100
      let own = errors.columns[column]
      // Predictions are rounded to Float: a sixteenth of the unit near a million.
      #expect(abs(own.meanAbsolute / absolute - 1) < 2e-2, "\(own)")
      #expect(abs(own.rootMeanSquare / squares.squareRoot() - 1) < 2e-2, "\(own)")
      #expect(abs(own.r2 - (1 - squares / variance)) < 1e-3, "\(own)")
      losses[column] = loss == "mse" ? squares : absolute
    }
    #expect(abs(report.test.loss / ((losses[0] + losses[1]) / 2) - 1) < 4e-2)
    #expect(report.trainLoss < reports[0].trainLoss / 2)
  }

  /// A target of a million deviations, whose square is beyond the grid on which losses are summed.
  @Test func ranksAgreeOnOutliers() throws {
    let data = try Self.dataset(100, test: 777, outlier: 500)
    let scaling = TargetScaling(of: try #require(data.train.targets))
    let network = Network(inputShape: [5], specification: [.dense(outputs: 2)])
    let results = try [1, 2, 3, 7].flatMap { ranks in
      try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
        try Evaluator(
          network, normalization: .none, regression: Regression(loss: "mse", scaling: scaling),
          collective: collective, team: ThreadTeam(count: 1)
        ).evaluate(Parameters(network, seed: 1), on: data.test)
      }.map { try $0.get() }
    }
    #expect(results.allSatisfy { $0 == results[0] })
    let found = try #require(results[0].errors).columns[1].rootMeanSquare
    #expect(abs(found / (500 * 500 / 777.0).squareRoot() - 1) < 1e-4, "\(found)")
  }

  /// Of terms of any magnitude no bit is lost: whole numbers times powers of two have known sums.
  @Test func exactSumsDoNotDependOnTheOrder() {
    let terms = (0..<500).map { place -> Double in
      Double(sign: .plus, exponent: place * 4 - 1000, significand: Double(Golden.number(7, place)))
    }
    func slices(_ order: some Sequence<Int>) -> [Double] {
      order.reduce(into: [Double](repeating: 0, count: SlicedSum.count)) { slices, place in
        slices.withUnsafeMutableBufferPointer { SlicedSum.add(terms[place], to: $0.baseAddress!) }
      }
    }
    let reference = slices(0..<500)
    #expect(slices((0..<500).reversed()) == reference)
    let (even, odd) = (slices(stride(from: 0, to: 500, by: 2)), slices(stride(from: 1, to: 500, by: 2)))
    #expect(zip(even, odd).map { $0 + $1 } == reference)
    // What is left after the other terms are taken away again is the smallest.
    var rest = reference
    for term in terms.dropFirst() {
      rest.withUnsafeMutableBufferPointer { SlicedSum.add(-term, to: $0.baseAddress!) }
    }
    #expect(SlicedSum.value(rest) == terms[0])
    var sum = ExactSum()
    for term in [1e20, 1, -1e20, 1e-40] { sum.add(term) }
    #expect(sum.value == 1 + 1e-40 && (sum + sum).value == 2)
    for term in [Double.nan, -.infinity, 1e40] {
      var sum = ExactSum()
      sum.add(term)
      #expect(term.isNaN ? sum.value.isNaN : sum.value == (term > 0 ? .infinity : -.infinity))
    }
  }

  /// Errors of any magnitude count: a sentinel among the test targets, and numbers far below those of others.
  @Test(arguments: [(1e30, Double?.none), (-99_999_999, nil), (1e-9, 1e-9), (3, 1e12)])
  func figuresAreThoseOfDoubles(outlier: Double, scale: Double?) throws {
    let scaling = try #require(TargetScaling(means: [0], deviations: [1]))
    let network = Network(inputShape: [3], specification: [.dense(outputs: 1)])
    let targets = (0..<300).map { [Double(Golden.number(2, $0)) * (scale ?? 1)] } + [[outlier]]
    let images = targets.indices.map { sample in (0..<3).map { Golden.number(3, 3 * sample + $0) } }
    let data = try Dataset(images: images, targets: targets)
    let weights = Parameters(network, seed: 1)
    let found = try Evaluator(
      network, normalization: .none, regression: Regression(loss: "mse", scaling: scaling),
      collective: SingleProcess(), team: ThreadTeam(count: 2)
    ).evaluate(weights, on: data.train)
    let tensors = network.tensors.map { weights.values(of: $0).map(Double.init) }
    let errors = zip(images, targets).map { x, target in
      (0..<3).reduce(tensors[1][0]) { $0 + tensors[0][$1] * Double(x[$1]) } - target[0]
    }
    let (count, mean) = (Double(errors.count), targets.reduce(0) { $0 + $1[0] } / Double(targets.count))
    let square = errors.reduce(0) { $0 + $1 * $1 } / count
    let variance = targets.reduce(0) { $0 + ($1[0] - mean) * ($1[0] - mean) } / count
    let column = try #require(found.errors).columns[0]
    #expect(abs(found.loss / square - 1) < 1e-6 && column.rootMeanSquare >= column.meanAbsolute)
    #expect(abs(column.meanAbsolute / (errors.reduce(0) { $0 + abs($1) } / count) - 1) < 1e-6)
    #expect(abs((1 - column.r2) / (square / variance) - 1) < 1e-6, "\(column)")
  }

  @Test func labelsOfTheOtherKindAreRefused() throws {
    let (numbers, classes) = (
      try Self.dataset(20), try formulaDataset(samples: 20, features: 5, classes: 3)
    )
    func trainer(_ loss: String, _ data: Dataset) throws -> Trainer {
      try Trainer(
        recipe: Self.recipe(loss), dataset: data, collective: SingleProcess(), team: ThreadTeam(count: 1))
    }
    let ofClasses = #expect(throws: LockstepError.self) { try trainer("cross-entropy", numbers) }
    #expect(ofClasses?.description.contains("float64, [20, 2], in numbers. Set --loss mse or l1") == true)
    let ofNumbers = #expect(throws: LockstepError.self) { try trainer("l1", classes) }
    #expect(ofNumbers?.description.contains("classes in formula. Leave --loss out") == true)
    let model = try Training(Self.recipe("mse"), on: numbers).run()
    #expect(throws: LockstepError.self) { try model.check(classes) }
  }

  @Test func equalTargetsWarn() throws {
    let data = try Dataset(
      images: [[1, 2], [3, 4], [5, 6]] as [[Float]], targets: [[1e30, 1], [1e30, 2], [1e30, 3]])
    #expect(
      data.warnings().contains { $0.contains("targets of column 0 of all 3 training samples are 1e+30") })
    let scaling = TargetScaling(of: try #require(data.train.targets))
    #expect(scaling.means == [1e30, 2] && scaling.deviations[0] == 1)
    #expect(TargetScaling(text: scaling.text) == scaling)
    for text in ["", "1", "1,0", "1,-1", "nan,1", "1,inf", "1,2,", "a,b", "1e40,1", "0,1e-200"] {
      #expect(TargetScaling(text: text) == nil, "\(text)")
    }
  }

  /// The file says what its numbers mean.
  @Test func modelsKeepTheirScaling() throws {
    let data = try Self.dataset(50)
    let model = try Training(Self.recipe("l1"), on: data).run()
    let file = model.safetensors()
    let read = try Model(bytes: file.serialized(), path: "model")
    #expect(read.regression == model.regression && read.regression?.loss == "l1")
    #expect(
      try read.predict([[1, 2, 3, 4, 5]] as [[Float]]) == model.predict([[1, 2, 3, 4, 5]] as [[Float]]))
    for text in ["0,1", "0,1,0,1,0,1", "0,0,0,1", "0"] {
      var other = file.metadata
      other["lockstep.targets"] = text
      let bytes = try Safetensors(metadata: other, tensors: file.tensors).serialized()
      expectDataError("model", ["a mean and a deviation for each of 2 targets"]) {
        try Model(bytes: bytes, path: "model")
      }
    }
    for (key, value) in [("lockstep.loss", "cross-entropy"), ("lockstep.targets", nil)] {
      var other = file.metadata
      other[key] = value
      let bytes = try Safetensors(metadata: other, tensors: file.tensors).serialized()
      expectDataError("model", ["a loss of numbers beside 'lockstep.targets'"]) {
        try Model(bytes: bytes, path: "model")
      }
    }
  }
}
