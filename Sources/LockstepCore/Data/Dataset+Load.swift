extension Dataset {
  /// Loads the IDX files of a directory on every rank. Raw files are mapped; where any rank has a gzip file, one
  /// copy a node is inflated into shared memory.
  ///
  /// All ranks make the same collective calls, whatever they find: what may fail on one rank only runs inside
  /// `together`, and every branch around a collective call is taken on a value that was gathered from all ranks.
  ///
  /// - Throws: on all ranks alike, an AgreedError that tells the LockstepError (.data) of the lowest rank that
  ///   could not load, or that its node's files differ from rank 0's.
  public static func load(directory: String, collective: any Collective) throws -> Dataset {
    let files = try collective.together {
      let paths = try discover(in: directory)
      return try PartTable { try IDXFile(path: paths[$0]) }
    }
    try requireSameHeaders(files, collective)
    let tables = try loadTables(files, collective)
    let (train, test, classes) = try collective.together {
      let train = try split(tables, files, images: .trainImages, labels: .trainLabels)
      let test = try split(tables, files, images: .testImages, labels: .testLabels)
      return (train, test, try validate(train: train, test: test) { files[$0].path })
    }
    // One rank a node reads all of the data; equal checksums make it the answer of all.
    let checksum = try agreedChecksum(
      collective.nodeRank == 0 ? checksum(train: train, test: test) : nil, directory, collective)
    return Dataset(validTrain: train, test: test, classes: classes, name: directory, checksum: checksum)
  }

  /// From here on all ranks agree on the sizes.
  private static func requireSameHeaders(_ files: PartTable<IDXFile>, _ collective: any Collective) throws {
    let references = try PartTable { part in
      let header = files[part].header
      return try collective.broadcast(
        IDXHeader.encode(element: header.element, dimensions: header.dimensions), from: 0)
    }
    try collective.together {
      for part in DatasetPart.allCases {
        let (path, own) = (files[part].path, files[part].header)
        let reference = try references[part].withUnsafeBytes { try IDXHeader(parsing: $0, path: path) }
        guard own == reference else {
          throw LockstepError(
            .data, path,
            expected: "the dimensions \(reference.dimensions) of type \(reference.element), as on rank 0",
            found: "\(own.dimensions) of type \(own.element)", fix: copyDirectory)
        }
      }
    }
  }

  /// Maps the parts that are raw on every rank; the others go to memory that the node shares, where its rank 0
  /// puts them. The sizes are equal on all ranks by now.
  private static func loadTables(
    _ files: PartTable<IDXFile>, _ collective: any Collective
  ) throws -> PartTable<SampleTable> {
    let compressed = DatasetPart.allCases.filter { files[$0].isCompressed }
    let mask = try collective.allGather(compressed.reduce(0) { $0 | 1 << $1.rawValue }).reduce(0, |)
    let shared = DatasetPart.allCases.filter { mask >> $0.rawValue & 1 == 1 }
    guard !shared.isEmpty else { return PartTable { files[$0].rawTable! } }

    var end = 0
    var ranges: [DatasetPart: Range<Int>] = [:]
    for part in shared {
      ranges[part] = end..<end + files[part].header.payloadByteCount
      end = (ranges[part]!.upperBound + 63) & ~63
    }
    try collective.onEachNode { for part in shared { try files[part].checkPromise() } }
    let memory = try collective.together { try collective.allocateShared(byteCount: end) }
    try collective.onEachNode {
      for part in shared {
        try files[part].readPayload(into: .init(rebasing: memory.bytes[ranges[part]!]))
      }
    }
    try collective.nodeBarrier()
    return PartTable { part in
      guard let range = ranges[part] else { return files[part].rawTable! }
      return SampleTable(
        header: files[part].header, bytes: .init(rebasing: memory.bytes[range]), owner: memory)
    }
  }

  private static func split(
    _ tables: PartTable<SampleTable>, _ files: PartTable<IDXFile>, images: DatasetPart, labels: DatasetPart
  ) throws -> Split {
    Split(images: tables[images], labels: try tables[labels].labels(path: files[labels].path))
  }

  /// Returns the checksum that the nodes have in common, or throws on all ranks alike, naming a node with another.
  ///
  /// - Parameter own: nil (told as 0, which no checksum is) on the ranks that have not computed it.
  private static func agreedChecksum(
    _ own: UInt64?, _ directory: String, _ collective: any Collective
  ) throws -> UInt64 {
    let checksums = try collective.allGather(own ?? 0)
    let leaders = checksums.indices.filter { checksums[$0] != 0 }
    guard let other = leaders.first(where: { checksums[$0] != checksums[leaders[0]] }) else {
      return checksums[leaders[0]]
    }
    let hosts = try [leaders[0], other].map {
      String(decoding: try collective.broadcast(Array(collective.hostName.utf8), from: $0), as: UTF8.self)
    }
    return try collective.together {
      throw LockstepError(
        .data, directory, expected: "the same data on every node",
        found: "other data on \(hosts[1]) (rank \(other)) than on \(hosts[0]) (rank \(leaders[0]))",
        fix: copyDirectory)
    }
  }

  private static let copyDirectory =
    "Copy one node's directory to the others, or use a directory that all nodes share"
}

extension Collective {
  /// Runs the body on one rank of each node; where it throws on any, all ranks throw.
  fileprivate func onEachNode(_ body: () throws -> Void) throws {
    try together { if nodeRank == 0 { try body() } }
  }
}
