import LockstepSupport

extension DatasetLoader {
  /// Checks that all ranks' files have the same headers as rank 0's, and returns those. From here on all ranks agree on
  /// which parts exist and on their sizes.
  func requireSameHeaders(_ files: PartTable<IDXFile?>) throws -> PartTable<IDXHeader?> {
    let own = PartTable { files[$0]?.header }
    let headers = try Self.decode(try collective.broadcast(Self.encode(own), from: 0))
    try collective.together {
      for part in DatasetPart.allCases where own[part] != headers[part] {
        throw LockstepError(
          .data, files[part]?.path ?? "\(directory): \(part)",
          expected: Self.text(headers[part]) + ", as on rank 0", found: Self.text(own[part]),
          fix: Self.copyDirectory)
      }
    }
    return headers
  }

  private static func text(_ header: IDXHeader?) -> String {
    header.map { "the dimensions \($0.dimensions) of type \($0.element)" } ?? "no such file"
  }

  /// Each part's header, preceded by its length in two bytes, 0 for none.
  private static func encode(_ headers: PartTable<IDXHeader?>) -> [UInt8] {
    DatasetPart.allCases.flatMap { part -> [UInt8] in
      let bytes = headers[part].map { IDXHeader.encode(element: $0.element, dimensions: $0.dimensions) } ?? []
      return [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }
  }

  private static func decode(_ bytes: [UInt8]) throws -> PartTable<IDXHeader?> {
    var rest = bytes[...]
    return try PartTable { part in
      let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
      let header = Array(rest.dropFirst(2).prefix(length))
      rest = rest.dropFirst(2 + length)
      return length == 0
        ? nil : try header.withUnsafeBytes { try IDXHeader(parsing: $0, path: part.description) }
    }
  }

  /// How the parts are loaded, agreed between all nodes' readers.
  private struct Plan {
    /// A bit for each part that is compressed on some node, and so cannot be mapped on any.
    let compressed: UInt64
    /// Whether every node has room for a copy of all parts.
    let hasRoom: Bool
  }

  func loadTables(_ files: Files, _ headers: PartTable<IDXHeader?>) throws -> Loaded {
    _ = try collective.onSomeRanks(isReader) {
      for part in DatasetPart.allCases { try files.parts[part]?.checkPromise() }
    }
    let plan = try plan(files.parts, headers)
    let all = DatasetPart.allCases.filter { headers[$0] != nil }
    if plan.hasRoom {
      let layout = Layout(all, headers)
      let memory = Result { try allocate(layout.byteCount) }
      if try collective.allGather((try? memory.get()) == nil ? 0 : 1).allSatisfy({ $0 == 1 }) {
        return Loaded(tables: try fill(memory.get(), layout, files.parts, headers))
      }
    }
    let inMemory = all.filter { plan.compressed >> $0.rawValue & 1 == 1 }
    return try mapOthers(files, inMemory, headers)
  }

  private func plan(_ files: PartTable<IDXFile?>, _ headers: PartTable<IDXHeader?>) throws -> Plan {
    let (reads, fits) = (UInt64(1) << 8, UInt64(1) << 9)
    var own: UInt64 = 0
    if isReader {
      let compressed = DatasetPart.allCases.filter { files[$0]?.isCompressed ?? false }
      let size = DatasetPart.allCases.reduce(0) { $0 + (headers[$1]?.payloadByteCount ?? 0) }
      own = compressed.reduce(reads) { $0 | 1 << UInt64($1.rawValue) }
      // Half of the free memory, because training and other programs need some too.
      let hasRoom =
        Double(size) <= MemoryLimit.room / 2
      let needsNoMap = compressed.count == DatasetPart.allCases.count { headers[$0] != nil }
      if needsNoMap || hasRoom && !Faults.forbidsDataCopy { own |= fits }
    }
    let plans = try collective.allGather(own).filter { $0 & reads != 0 }
    return Plan(
      compressed: plans.reduce(0, |) & (reads - 1), hasRoom: plans.allSatisfy { $0 & fits != 0 })
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
  }

  func allocate(_ byteCount: Int) throws -> SharedMemory {
    collective.size == 1
      ? try .ofThisProcess(byteCount: byteCount) : try collective.allocateShared(byteCount: byteCount)
  }

  /// Each node's reader loads the layout's parts into the node's memory.
  func fill(
    _ memory: SharedMemory, _ layout: Layout, _ files: PartTable<IDXFile?>, _ headers: PartTable<IDXHeader?>
  ) throws -> PartTable<SampleTable?> {
    _ = try collective.onSomeRanks(isReader) {
      for (part, range) in layout.ranges.sorted(by: { $0.value.lowerBound < $1.value.lowerBound }) {
        try files[part]?.readPayload(into: .init(rebasing: memory.bytes[range]))
      }
    }
    try collective.nodeBarrier()
    return PartTable { part in
      guard let range = layout.ranges[part], let header = headers[part] else { return nil }
      return SampleTable(header: header, bytes: .init(rebasing: memory.bytes[range]), owner: memory)
    }
  }
}
