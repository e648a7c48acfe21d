import LockstepData
import LockstepStorage
import LockstepSupport

/// Makes a dataset of IDX files from pictures, archives of arrays or tables of numbers. Samples pass through memory
/// some at a time; labels, names and the list of files stay.
public struct Importer {
  private let options: ImportOptions
  private let progress: (_ done: Int, _ total: Int) -> Void
  private let note: (String) -> Void

  /// `note` receives lines for the user, `progress` how many of all samples are done.
  public init(
    _ options: ImportOptions, note: @escaping (String) -> Void = { _ in },
    progress: @escaping (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) {
    (self.options, self.note, self.progress) = (options, note, progress)
  }

  /// Writes the dataset, with `classes.txt` and `import.json`.
  ///
  /// - Throws: LockstepError: usage for options that do not fit, data for a source that cannot be used, failure where
  ///   the output cannot be written.
  public func run() throws -> ImportResult {
    let place = try OutputFolder(options.output, source: options.source)
    let team = try ThreadTeam(count: options.threads ?? min(Processors.allowed.count, 64))
    var source = try ImportSource.find(options.source, note: note)
    if options.isStrict, let leftOut = source.leftOut {
      throw LockstepError(
        .data, options.source, expected: "pictures only, by --strict", found: leftOut,
        fix: "Move them away, or leave --strict out")
    }
    source.settleBytes()
    source.noteUnusedLabels()
    source.notes.forEach(note)
    if place.hasDataset { note("\(options.output): replacing the dataset that import made there before") }
    if source.kind == "class folders" { shuffle(&source) }
    let form = try SampleFormChoice(options, note: note).form(of: source)
    let record = ImportRecord(pictures: try form.recorded(after: source.pictures), classes: source.classes)
    try checkSplit(source)
    try place.create()
    return try write(source, as: form, record, place, team)
  }

  /// Files lie by classes: the seed decides their order.
  private func shuffle(_ source: inout ImportSource) {
    for index in source.sections.indices {
      guard case .files(let paths) = source.sections[index].samples else { continue }
      let order = SeededOrder.order(count: paths.count, seed: options.seed, half: index)
      let labels = source.sections[index].labels
      source.sections[index].samples = .files(order.map { paths[$0] })
      source.sections[index].labels = order.map { labels[$0] }
    }
  }

  private func checkSplit(_ source: ImportSource) throws {
    let hasTest = source.sections.contains { $0.half == .test }
    if hasTest, options.testSplit != nil {
      throw LockstepError(
        .usage, "--test-split", expected: "a source without a test set",
        found: "\(options.source), which has one",
        fix: "Leave --test-split out")
    }
    if !hasTest, options.testSplit == nil {
      note("there is no test set: --test-split 0.2 makes one of a fifth, or train with --validation-split")
    }
  }

  private func write(
    _ source: ImportSource, as form: SampleForm, _ record: ImportRecord, _ place: OutputFolder,
    _ team: ThreadTeam
  ) throws -> ImportResult {
    var result = ImportResult(shape: form.shape, classes: source.classes)
    let train = try DatasetWriter(form, prefix: "train", classes: source.classes.count, in: place.path)
    let hasTest = options.testSplit != nil || source.sections.contains { $0.half == .test }
    let test =
      hasTest ? try DatasetWriter(form, prefix: "t10k", classes: source.classes.count, in: place.path) : nil
    var record = record
    // What rows of numbers were made of, they do not say; files are what people have.
    var likeness = record.pictures.flatMap { pictures in
      pictures.channels == 1 && source.holdsRows
        ? LikenessToMNIST(height: pictures.height, width: pictures.width) : nil
    }
    var shades = Shades()
    let total = source.sections.reduce(0) { $0 + $1.labels.count }
    var done = 0
    for section in source.sections {
      let isTest = section.isTest(options)
      let reader = try SampleReader(section.samples, as: form, options, team)
      for range in pieces(of: section, as: form, threads: team.count) {
        for (index, sample) in zip(range, try reader.read(range)) {
          switch sample {
          case .success(let bytes):
            try (isTest[index] ? test! : train).add(bytes, label: section.labels[index])
            if section.half != .test { likeness?.add(bytes) }
            if form.isOfPictures { shades.add(bytes, section.name(of: index)) }
          case .failure(let error): try skip(error, &result)
          }
        }
        done += range.count
        progress(done, total)
      }
    }
    (result.train, result.test) = (train.count, test?.count ?? 0)
    try requireSamples(result, hasTest: hasTest)
    if likeness?.holds == true {
      record.pictures?.isCentred = true
      record.pictures?.isInverted = false
    }
    if form.isOfPictures { shades.notes(of: total, areRows: source.holdsRows).forEach(note) }
    let log = ImportLog(
      record: record, kind: source.kind, options: options, notes: source.notes, result: result)
    try place.finish([train] + (test.map { [$0] } ?? []), log)
    return result
  }

  /// Samples that are in memory at a time: 32 MB of them, or a picture for each thread, or a row.
  private func pieces(of section: ImportSource.Section, as form: SampleForm, threads: Int) -> [Range<Int>] {
    let (bytes, least) =
      if case .rows(let rows) = section.samples {
        (max(form.byteCount, rows.numbersPerSample * MemoryLayout<Float>.size), 1)
      } else {
        (form.byteCount, threads)
      }
    let (count, size) = (section.labels.count, min(max((1 << 25) / bytes, least), 4096))
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  private func skip(_ error: LockstepError, _ result: inout ImportResult) throws {
    // A file that cannot be read is the source's fault, a lack of descriptors is not.
    guard error.kind == .data, !options.isStrict else { throw error }
    let reason = (error.expected.map { "expected \($0), found " } ?? "") + error.found
    note("left out: " + oneLine("\(error.subject): \(reason)"))
    result.skipped.append((error.subject, reason))
  }

  private func requireSamples(_ result: ImportResult, hasTest: Bool) throws {
    guard result.train == 0 || hasTest && result.test == 0 else { return }
    throw LockstepError(
      .data, options.source, expected: "samples to train on" + (hasTest ? " and to test with" : ""),
      found: "\(result.train) and \(result.test), with \(result.skipped.count) left out",
      fix: !result.skipped.isEmpty
        ? "Look at the pictures that were left out"
        : options.testSplit != nil
          ? "Choose another --test-split"
          : "Put the pictures of each class into a folder of its name, in train and in test")
  }
}

extension ImportSource {
  fileprivate var holdsRows: Bool {
    sections.contains { if case .rows = $0.samples { true } else { false } }
  }
}

extension ImportSource.Section {
  fileprivate func name(of index: Int) -> String {
    switch samples {
    case .files(let paths): paths[index]
    case .rows(let rows): "\(rows.name), row \(index)"
    }
  }

  fileprivate func isTest(_ options: ImportOptions) -> [Bool] {
    if half != .test, let fraction = options.testSplit {
      return SeededOrder.isTest(labels: labels, fraction: fraction, seed: options.seed)
    }
    return .init(repeating: half == .test, count: labels.count)
  }
}
