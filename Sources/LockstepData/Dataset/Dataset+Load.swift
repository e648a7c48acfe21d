import LockstepRanks
import LockstepSupport

extension Dataset {
  /// What a dataset is loaded for, which decides the files that it must have.
  public enum Purpose: Sendable {
    /// Training files, and test files unless both of them are missing.
    case training
    /// Test files; no others are read.
    case evaluation
    /// Training files, to choose between recipes by samples that are held back; no others are read.
    case selection

    /// The parts that make a dataset whole: test files too, which training can do without.
    var parts: [DatasetPart] {
      switch self {
      case .training: DatasetPart.allCases
      case .evaluation: [.testImages, .testLabels]
      case .selection: [.trainImages, .trainLabels]
      }
    }
  }

  /// Loads the IDX files of a directory, one copy a node: one rank of each node reads them, into memory that all of
  /// the node's ranks use. Later changes of the files then have no effect. A node whose first rank lacks the files, or
  /// whose files differ from rank 0's, receives rank 0's data (`notes` say so). If memory is short, uncompressed files
  /// are mapped instead (`requireUnchanged`), and every rank must have them.
  ///
  /// All ranks make the same collective calls, whatever they find: what may fail on one rank only runs inside
  /// `together`, and every branch around a collective call is taken on a value that was gathered from all ranks.
  ///
  /// - Throws: on all ranks alike, an AgreedError with the LockstepError (.data) of rank 0, or of the lowest rank that
  ///   could not map its files; or that these differ from rank 0's.
  public static func load(
    directory: String, for purpose: Purpose = .training, collective: any Collective = SingleProcess()
  ) throws -> Dataset {
    try DatasetLoader(directory: directory, purpose: purpose, collective: collective).load()
  }
}

/// Loads one dataset on all ranks.
struct DatasetLoader {
  let directory: String
  let purpose: Dataset.Purpose
  let collective: any Collective
  /// Whether this rank reads for its node.
  var isReader: Bool { collective.nodeRank == 0 }

  /// The elements of each part that was found, the same on every rank of a node.
  struct Loaded {
    let tables: PartTable<SampleTable?>
    let checksum: UInt64
    var mappedFiles: MappedFiles?
    /// Names nodes that received the data.
    var note: String?
  }

  func load() throws -> Dataset {
    var own = OwnFiles(Result { try open() })
    let listing = try listing(own)
    own.compare(with: listing, in: directory)
    let loaded = try loadTables(&own, listing)
    let (train, test, classes, notes) = try valid(loaded.tables, listing)
    return Dataset(
      validTrain: train, test: test, classes: classes, name: listing.path, checksum: loaded.checksum,
      notes: [loaded.note, listing.note].compactMap { $0 } + notes, mappedFiles: loaded.mappedFiles)
  }

  private func open() throws -> (DatasetDirectory, PartTable<IDXFile?>) {
    let found = try DatasetDirectory(finding: directory, for: purpose)
    return (found, try PartTable { try found.paths[$0].map { try IDXFile(path: $0) } })
  }

  /// The digest of tables whose contents are in order.
  func checksum(of tables: PartTable<SampleTable?>, _ listing: DatasetListing) throws -> UInt64 {
    let (train, test, _, _) = try valid(tables, listing)
    for (split, images, labels) in [
      (train, DatasetPart.trainImages, DatasetPart.trainLabels), (test, .testImages, .testLabels),
    ] {
      try split.images.requireFinite(path: listing.path(of: images))
      try split.targets?.requireFinite(path: listing.path(of: labels), of: "sample")
    }
    return Dataset.checksum(train: train, test: test)
  }

  /// The splits, the number of classes, and notes on how labels were read.
  private func valid(
    _ tables: PartTable<SampleTable?>, _ listing: DatasetListing
  ) throws -> (train: Split, test: Split, classes: Int, notes: [String]) {
    var notes: [String] = []
    var columns: [(count: Int, path: String)] = []
    func split(_ images: DatasetPart, _ labels: DatasetPart) throws -> Split? {
      guard let pictures = tables[images], let table = tables[labels] else { return nil }
      guard table.element.isInteger else {
        return Split(
          images: pictures,
          targets: try table.targets(path: listing.path(of: labels), images: pictures.count))
      }
      let reading = try table.labelReading(path: listing.path(of: labels), images: pictures.count)
      if let note = reading.note {
        if notes.isEmpty { notes.append(note) }
        columns.append((table.elementsPerSample, listing.path(of: labels)))
      }
      return Split(images: pictures, labels: reading.classes)
    }
    let (train, test) = (try split(.trainImages, .trainLabels), try split(.testImages, .testLabels))
    // A directory with neither was refused before.
    let images = (train ?? test)!.images
    let result = try Dataset.validate(
      train: train ?? .none(like: images), test: test ?? .none(like: images)
    ) { listing.path(of: $0) }
    return (result.train, result.test, try Self.classes(result.classes, oneHot: columns), notes)
  }

  /// The number of classes: each column of one-hot labels counts, even if no sample has it.
  private static func classes(_ seen: Int, oneHot columns: [(count: Int, path: String)]) throws -> Int {
    guard let first = columns.first else { return seen }
    if let other = columns.first(where: { $0.count != first.count }) {
      throw LockstepError(
        .data, other.path, expected: "one-hot labels of \(first.count) columns, as in \(first.path)",
        found: "\(other.count) columns", fix: "Give both the same columns, one for each class")
    }
    guard first.count <= Int(Dataset.maximumLabel) + 1 else {
      throw LockstepError(
        .data, first.path, expected: "one-hot labels of at most \(Dataset.maximumLabel + 1) columns",
        found: "\(first.count)", fix: "Write one class number for each sample")
    }
    return max(seen, first.count)
  }

  /// Returns the common checksum, or throws on all ranks alike, naming a node with another one.
  ///
  /// - Parameter own: nil on the ranks that have not computed it; sent as 0, which is never a checksum.
  func agreedChecksum(_ own: UInt64?) throws -> UInt64 {
    let checksums = try collective.allGather(own ?? 0)
    let judges = checksums.indices.filter { checksums[$0] != 0 }
    guard let other = judges.first(where: { checksums[$0] != checksums[judges[0]] }) else {
      return checksums[judges[0]]
    }
    let hosts = try [judges[0], other].map { try collective.broadcast(collective.hostName, from: $0) }
    return try collective.together {
      throw LockstepError(
        .data, directory, expected: "the same data everywhere",
        found: "other data on \(hosts[1]) (rank \(other)) than on \(hosts[0]) (rank \(judges[0]))",
        fix: Self.copyDirectory)
    }
  }

  static let copyDirectory =
    "Copy one node's directory to the others, or use a directory that all nodes share"
}

extension Collective {
  /// Runs the body on some ranks. If it throws on all of those, all ranks throw the first one's error; if only on some,
  /// they throw it with the rank's name. Collective; returns nil on the other ranks.
  func onSomeRanks<T>(_ takesPart: Bool, _ body: () throws -> T) throws -> T? {
    let result = takesPart ? Result(catching: body) : nil
    var failure: (any Error)?
    if case .failure(let error)? = result { failure = error }
    let (none, done, failed) = (UInt64(0), UInt64(1), UInt64(2))
    let states = try allGather(result == nil ? none : failure == nil ? done : failed)
    guard let first = states.firstIndex(of: failed) else { return try result?.get() }
    if states.contains(done) { return try together { try result?.get() } }
    let status = (failure as? LockstepError)?.exitStatus ?? (failure as? AgreedError)?.exitStatus ?? 1
    let message = try broadcast(failure.map { Array("\($0)".utf8) } ?? [], from: first)
    throw AgreedError(
      rank: first, message: String(decoding: message, as: UTF8.self),
      exitStatus: Int32(try allGather(UInt64(status))[first]))
  }
}
