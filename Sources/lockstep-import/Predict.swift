import ArgumentParser
import CommandOutput
import LockstepCore
import LockstepImport
import PlatformC

struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says what a saved model makes of pictures.",
    discussion: """
      A picture is treated as those were that the model was trained on, if import made its dataset; otherwise a grey \
      one as MNIST's digits: on black, scaled into 20 of 28 pixels, its centre of mass in the middle. In a folder \
      with the name of a class the label is known. The probabilities are those of evaluate --predictions, bit for \
      bit. Pictures that cannot be read are named, and the status is 65.
      """)

  @Argument(help: "A model.safetensors, or a run directory.") var model: String
  @Argument(help: "PNG or JPEG files, folders of them, or - for a list of files on standard input.")
  var inputs: [String] = []
  @Option(help: ArgumentHelp("Predict test samples of this dataset (default: the run's).", valueName: "dir"))
  var data: String?
  @Option(help: ArgumentHelp("Predict these test samples instead, from 0: 3, or 0,5,10-19.", valueName: "N"))
  var index: String?
  @Flag(help: "Do nothing to a picture but give it the network's size and channels.") var asIs = false
  @Flag(help: "A line of JSON for each.") var json = false
  @Flag(help: "CSV: input,predicted,label,p0,p1,..., pN the probability of class N.") var csv = false
  @Option(help: "Threads (default: the cores that it may use).") var threads: Int?

  func validate() throws {
    if json, csv { throw ValidationError("--json, --csv: expected one of them, found both") }
    if data != nil, index == nil {
      throw ValidationError("--data: expected --index with the numbers of its samples, found none")
    }
    if let index, PictureList.numbers(index) == nil {
      throw ValidationError("--index: expected numbers from 0, such as 3 or 0,5,10-19, found '\(index)'")
    }
    if inputs.isEmpty == (index == nil) {
      throw ValidationError(
        "predict: expected pictures, or --index N, found \(index == nil ? "neither" : "both")")
    }
  }

  func run() throws {
    let predictor = try Predictor(path: model, asIs: asIs, threads: threads)
    if csv {
      try writeResult(
        Prediction.csvHeader(classes: predictor.classNames.count, areNumbers: predictor.givesNumbers) + "\n")
    }
    if let index { return try predict(PictureList.numbers(index)!, predictor) }
    if predictor.lacksRecord, !asIs {
      tell(
        "lockstep: \(model) has no record of what was done to the pictures that it was trained on: these get its size "
          + "and channels, nothing else")
    }
    let files = try PictureList.files(inputs) { readLine() }
    var failures = 0
    for start in stride(from: 0, to: files.count, by: Predictor.batchSize) {
      failures += try predict(Array(files[start..<min(start + Predictor.batchSize, files.count)]), predictor)
    }
    if failures > 0 { throw ExitCode(LockstepError.Kind.data.rawValue) }
  }

  /// Returns how many cannot be read.
  private func predict(_ files: [String], _ predictor: Predictor) throws -> Int {
    var (readable, pictures, failures): ([String], [Picture], Int) = ([], [], 0)
    for (file, result) in zip(files, try predictor.pictures(of: files)) {
      switch result {
      case .success(let picture):
        readable.append(file)
        pictures.append(picture)
      case .failure(let error):
        failures += 1
        tell("lockstep: \(error)")
      }
    }
    let names = predictor.classNames
    try show(
      zip(zip(readable, pictures), pictures.isEmpty ? [] : predictor.probabilities(of: pictures)).map {
        let picture = predictor.upright($0.1)
        return predictor.givesNumbers
          ? Prediction(input: $0.0, picture: picture, values: $1, targets: nil)
          : Prediction(
            input: $0.0, picture: picture, label: PictureList.label(of: $0.0, classNames: names),
            probabilities: $1)
      }, names)
    return failures
  }

  private func predict(_ numbers: [Int], _ predictor: Predictor) throws {
    let listener = RunListener(tell: tell, result: { _ in })
    let dataset = try EvaluationRun.dataset(data, of: model, SingleProcess(), ThreadTeam(count: 1), listener)
    if dataset.targetColumns != nil || predictor.givesNumbers { try predictor.model.check(dataset) }
    let names = try ImportRecord(directory: dataset.name)?.classes
    let test = try predictor.model.matching(dataset.test, names: names, path: dataset.name)
    if let odd = numbers.first(where: { $0 >= test.count }) {
      throw LockstepError(
        .usage, "--index", expected: "numbers from 0 to \(test.count - 1)", found: "\(odd)")
    }
    if let warning = predictor.model.warning(of: test.images, dataset.name) {
      tell("lockstep: \(oneLine(warning))")
    }
    for start in stride(from: 0, to: numbers.count, by: Predictor.batchSize) {
      let own = numbers[start..<min(start + Predictor.batchSize, numbers.count)]
      let table = try SampleTable(
        count: own.count, shape: test.images.shape, element: test.images.element,
        copying: own.flatMap(test.images.sample))
      try show(
        zip(own, predictor.probabilities(of: table)).map {
          let picture = Picture(sample: $0, of: test.images).map(predictor.upright)
          guard let targets = test.targets else {
            return Prediction(
              input: String($0), picture: picture, label: Int(test.labels[$0]), probabilities: $1)
          }
          return Prediction(
            input: String($0), picture: picture, values: $1, targets: targets.targets(of: $0))
        }, predictor.classNames)
    }
  }

  private func show(_ predictions: [Prediction], _ names: [String]) throws {
    let colours = isatty(1) == 1 && getenv("NO_COLOR") == nil
    let texts = predictions.map { prediction in
      if json { return prediction.json(names: names) + "\n" }
      return csv ? prediction.csv + "\n" : prediction.text(names: names, colours: colours)
    }
    try writeResult(texts.joined())
  }
}
