import LockstepSupport

extension DatasetLoader {
  /// What rank 0 loads, on all ranks; throws on all where rank 0 can load nothing. Collective.
  func listing(_ own: OwnFiles) throws -> DatasetListing {
    if try collective.allGather(own.isUsable ? 1 : 0)[0] == 0 {
      _ = try collective.onSomeRanks(true) { try own.listing() }
    }
    let bytes = try collective.rank == 0 ? own.listing().bytes : []
    return try DatasetListing(bytes: collective.broadcast(bytes, from: 0))
  }

  /// A copy in the memory of each node where there is room for it on all of them, else mapped files.
  func loadTables(_ own: inout OwnFiles, _ listing: DatasetListing) throws -> Loaded {
    let files = own.parts
    _ = try onReaders(&own) { for part in listing.parts { try files[part]?.checkPromise() } }
    let plan = try plan(own, listing)
    if plan.hasRoom {
      let layout = Layout(listing.parts, listing.headers)
      let memory = Result { try allocate(layout.byteCount) }
      if try collective.allGather((try? memory.get()) == nil ? 0 : 1).allSatisfy({ $0 == 1 }) {
        return try loadCopies(&own, listing, memory.get(), layout)
      }
    }
    try collective.together { if let flaw = own.flaw { throw flaw } }
    let inMemory = listing.parts.filter { plan.compressed >> $0.rawValue & 1 == 1 }
    return try loadMapped(own, listing, inMemory: inMemory)
  }

  /// Runs the body on each node's reader that has files. Where it throws, that reader's files cannot be used; where it
  /// throws on rank 0, all ranks throw. Collective; returns nil on the other ranks.
  func onReaders<T>(_ own: inout OwnFiles, _ body: () throws -> T) throws -> T? {
    let takesPart = isReader && own.isUsable
    let result = takesPart ? Result(catching: body) : nil
    if case .failure(let error)? = result { own.flaw = error }
    if try collective.allGather(takesPart && !own.isUsable ? 1 : 0)[0] == 1 {
      return try collective.onSomeRanks(takesPart) { try result!.get() }
    }
    return try? result?.get()
  }

  /// How the parts are loaded, agreed between all nodes' readers.
  private struct Plan {
    /// A bit for each part that is compressed on some node, and so cannot be mapped on any.
    let compressed: UInt64
    /// Whether every node has room for a copy of all parts.
    let hasRoom: Bool
  }

  private func plan(_ own: OwnFiles, _ listing: DatasetListing) throws -> Plan {
    let (reads, fits) = (UInt64(1) << 8, UInt64(1) << 9)
    var answer: UInt64 = 0
    if isReader {
      let files = own.parts
      let compressed = listing.parts.filter { files[$0]?.isCompressed ?? false }
      answer = compressed.reduce(reads) { $0 | 1 << UInt64($1.rawValue) }
      // Half of the free memory, because training and other programs need some too.
      let hasRoom = Double(listing.byteCount) <= MemoryLimit.room / 2
      let needsNoMap = compressed.count == listing.parts.count
      if needsNoMap || hasRoom && !Faults.forbidsDataCopy { answer |= fits }
    }
    let answers = try collective.allGather(answer).filter { $0 & reads != 0 }
    return Plan(
      compressed: answers.reduce(0, |) & (reads - 1), hasRoom: answers.allSatisfy { $0 & fits != 0 })
  }

  /// The ranges of some parts in one block of memory.
  struct Layout {
    var ranges: [DatasetPart: Range<Int>] = [:]
    private(set) var byteCount = 0

    init(_ parts: [DatasetPart], _ headers: PartTable<IDXHeader?>) {
      for part in parts {
        let size = headers[part]?.payloadByteCount ?? 0
        ranges[part] = byteCount..<byteCount + size
        byteCount = (byteCount + size + 63) & ~63
      }
    }

    /// The tables that stand in such memory.
    func tables(in memory: SharedMemory, _ headers: PartTable<IDXHeader?>) -> PartTable<SampleTable?> {
      PartTable { part in
        guard let range = ranges[part], let header = headers[part] else { return nil }
        return SampleTable(header: header, bytes: .init(rebasing: memory.bytes[range]), owner: memory)
      }
    }

    /// Reads the parts into such memory, in the order in which they stand there.
    func read(_ files: PartTable<IDXFile?>, into memory: SharedMemory) throws {
      for (part, range) in ranges.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
        try files[part]?.readPayload(into: .init(rebasing: memory.bytes[range]))
      }
    }
  }

  func allocate(_ byteCount: Int) throws -> SharedMemory {
    collective.size == 1
      ? try .ofThisProcess(byteCount: byteCount) : try collective.allocateShared(byteCount: byteCount)
  }
}
