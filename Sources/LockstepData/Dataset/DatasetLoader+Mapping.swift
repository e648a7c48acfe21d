import LockstepSupport

extension DatasetLoader {
  /// Loads some parts into memory and maps the others, each rank its own files. A rank that has mapped the very same
  /// files as its node's reader need not read them all; another rank must, because its copies may differ.
  func mapOthers(
    _ files: Files, _ inMemory: [DatasetPart], _ headers: PartTable<IDXHeader?>
  ) throws -> Loaded {
    let layout = Layout(inMemory, headers)
    var tables = PartTable<SampleTable?> { _ in nil }
    if !inMemory.isEmpty {
      let memory = try collective.together { try allocate(layout.byteCount) }
      tables = try fill(memory, layout, files.parts, headers)
    }
    if collective.nodeSize > 1, let flag = try? collective.allocateShared(byteCount: 64) {
      MappedFileFault.share(flag)
    }
    let mapped = try collective.together {
      try DatasetPart.allCases.filter { !inMemory.contains($0) }.compactMap { part in
        try files.parts[part].map { file in
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
    return Loaded(
      tables: tables, mappedFiles: mappedFiles,
      isUnproven: identities[collective.nodeRanks[0]] != mappedFiles.identity)
  }
}
