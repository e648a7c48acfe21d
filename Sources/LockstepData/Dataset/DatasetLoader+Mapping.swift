import LockstepSupport

extension DatasetLoader {
  /// Loads some parts into memory and maps the others, each rank its own files. A rank that has mapped the very same
  /// files as its node's reader need not read them all; another rank must, because its copies may differ.
  func loadMapped(_ own: OwnFiles, _ listing: DatasetListing, inMemory: [DatasetPart]) throws -> Loaded {
    let (files, layout) = (own.parts, Layout(inMemory, listing.headers))
    var tables = PartTable<SampleTable?> { _ in nil }
    if !inMemory.isEmpty {
      let memory = try collective.together { try allocate(layout.byteCount) }
      _ = try collective.onSomeRanks(isReader) { try layout.read(files, into: memory) }
      try collective.nodeBarrier()
      tables = layout.tables(in: memory, listing.headers)
    }
    if collective.nodeSize > 1, let flag = try? collective.allocateShared(byteCount: 64) {
      MappedFileFault.share(flag)
    }
    let mapped = try collective.together {
      try listing.parts.filter { !inMemory.contains($0) }.compactMap { part in
        try files[part].map { file in
          guard let mapped = try file.map() else {
            throw LockstepError(
              .data, file.path, expected: "a raw file, as the node's first rank has",
              found: "a compressed one",
              fix: Self.copyDirectory)
          }
          tables[part] = mapped.table
          return mapped.file
        }
      }
    }
    let mappedFiles = MappedFiles(mapped)
    let identities = try collective.allGather(mappedFiles.identity)
    // Each rank with bytes of its own checks them; equal checksums make the result valid for all.
    let isUnproven = identities[collective.nodeRanks[0]] != mappedFiles.identity
    let checksum = try collective.onSomeRanks(isReader || isUnproven) {
      try self.checksum(of: tables, listing)
    }
    return Loaded(tables: tables, checksum: try agreedChecksum(checksum), mappedFiles: mappedFiles)
  }
}
