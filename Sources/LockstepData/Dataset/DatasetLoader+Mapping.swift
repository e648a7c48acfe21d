import LockstepSupport

extension DatasetLoader {
  /// Has some parts put into memory and maps the others, of which every rank has its own file. A rank of which the system
  /// says that they are the files that its node's reader has mapped need not read them all; another must, for they may
  /// be copies that differ.
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
    // Whoever has bytes of its own judges them; equal checksums make that the answer of all.
    let isUnproven = identities[collective.nodeRanks[0]] != mappedFiles.identity
    let checksum = try collective.onSomeRanks(isReader || isUnproven) {
      try self.checksum(of: tables, listing)
    }
    return Loaded(tables: tables, checksum: try agreedChecksum(checksum), mappedFiles: mappedFiles)
  }
}
