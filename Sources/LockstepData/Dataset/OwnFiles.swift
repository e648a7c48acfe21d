import LockstepSupport

/// The files that a rank has itself, or why they cannot be used.
struct OwnFiles {
  private var found: Result<(DatasetDirectory, PartTable<IDXFile?>), any Error>

  init(_ found: Result<(DatasetDirectory, PartTable<IDXFile?>), any Error>) { self.found = found }

  var flaw: (any Error)? {
    get { if case .failure(let error) = found { error } else { nil } }
    set { if let newValue { found = .failure(newValue) } }
  }
  var isUsable: Bool { flaw == nil }

  /// None where they cannot be used.
  var parts: PartTable<IDXFile?> { (try? found.get().1) ?? PartTable { _ in nil } }

  func listing() throws -> DatasetListing {
    let (directory, files) = try found.get()
    return DatasetListing(directory, files)
  }

  /// Files with other headers than rank 0's cannot be used.
  mutating func compare(with listing: DatasetListing, in directory: String) {
    guard isUsable else { return }
    let files = parts
    for part in DatasetPart.allCases where files[part]?.header != listing.headers[part] {
      flaw = LockstepError(
        .data, files[part]?.path ?? "\(directory): \(part)",
        expected: Self.text(listing.headers[part]) + ", as on rank 0", found: Self.text(files[part]?.header),
        fix: DatasetLoader.copyDirectory)
      return
    }
  }

  private static func text(_ header: IDXHeader?) -> String {
    header.map { "the dimensions \($0.dimensions) of type \($0.element)" } ?? "no such file"
  }
}
