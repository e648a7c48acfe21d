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
    // From here on all ranks agree on the sizes.
    _ = try collective.requireSame(digest(of: files), "the headers of the files", in: directory)
    let tables = try loadTables(files, collective)
    let (train, test, classes) = try collective.together {
      let train = try split(tables, files, images: .trainImages, labels: .trainLabels)
      let test = try split(tables, files, images: .testImages, labels: .testLabels)
      return (train, test, try validate(train: train, test: test) { files[$0].path })
    }
    // One rank a node reads all of the data; equal checksums make it the answer of all.
    let checksum = try collective.requireSame(
      collective.nodeRank == 0 ? checksum(train: train, test: test) : nil, "the data", in: directory)
    return Dataset(validTrain: train, test: test, classes: classes, name: directory, checksum: checksum)
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

  private static func digest(of files: PartTable<IDXFile>) -> UInt64 {
    let headers = DatasetPart.allCases.flatMap {
      IDXHeader.encode(element: files[$0].header.element, dimensions: files[$0].header.dimensions)
    }
    return UInt64(headers.withUnsafeBytes { crc($0, after: 0) }) + 1
  }
}

extension Collective {
  /// Runs the body on one rank of each node; where it throws on any, all ranks throw.
  fileprivate func onEachNode(_ body: () throws -> Void) throws {
    try together { if nodeRank == 0 { try body() } }
  }

  /// Returns the value that all ranks share, or throws on all ranks alike, naming the first node with another.
  ///
  /// - Parameter value: nil (told as 0) on ranks that do not know it; at least rank 0 of each node does.
  fileprivate func requireSame(_ value: UInt64?, _ what: String, in directory: String) throws -> UInt64 {
    let values = try allGather(value ?? 0)
    guard let known = values.firstIndex(where: { $0 != 0 }),
      let other = values.firstIndex(where: { $0 != 0 && $0 != values[known] })
    else { return values.first { $0 != 0 } ?? 0 }
    let hosts = try [known, other].map {
      String(decoding: try broadcast(Array(hostName.utf8), from: $0), as: UTF8.self)
    }
    return try together {
      throw LockstepError(
        .data, directory, expected: "the same files on every node",
        found: "\(what) on \(hosts[1]) (rank \(other)) differ from those on \(hosts[0]) (rank \(known))",
        fix: "Copy one node's directory to the other, or use a directory that all nodes share")
    }
  }
}
