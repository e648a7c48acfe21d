import LockstepSupport

/// Which files rank 0 loads and what their headers say: what every rank loads, from wherever.
struct DatasetListing {
  let path: String
  let note: String?
  let paths: PartTable<String?>
  let headers: PartTable<IDXHeader?>

  init(_ found: DatasetDirectory, _ files: PartTable<IDXFile?>) {
    (path, note, paths) = (found.path, found.note, found.paths)
    headers = PartTable { files[$0]?.header }
  }

  /// For messages.
  func path(of part: DatasetPart) -> String { paths[part] ?? "\(path)/\(part.canonicalName)" }

  var parts: [DatasetPart] { DatasetPart.allCases.filter { headers[$0] != nil } }
  var byteCount: Int { parts.reduce(0) { $0 + headers[$1]!.payloadByteCount } }

  /// Each part's header after its length in two bytes, 0 for none; then the texts, of which none holds a zero.
  var bytes: [UInt8] {
    let headers = DatasetPart.allCases.flatMap { part -> [UInt8] in
      let bytes =
        self.headers[part].map { IDXHeader.encode(element: $0.element, dimensions: $0.dimensions) } ?? []
      return [UInt8(bytes.count >> 8), UInt8(bytes.count & 255)] + bytes
    }
    let texts = [path, note ?? ""] + DatasetPart.allCases.map { paths[$0] ?? "" }
    return headers + texts.joined(separator: "\0").utf8
  }

  /// As `bytes` of another rank.
  init(bytes: [UInt8]) throws {
    var rest = bytes[...]
    headers = try PartTable { part in
      let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
      let header = Array(rest.dropFirst(2).prefix(length))
      rest = rest.dropFirst(2 + length)
      return length == 0
        ? nil : try header.withUnsafeBytes { try IDXHeader(parsing: $0, path: part.description) }
    }
    let texts = rest.split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
    (path, note) = (texts[0], texts[1].isEmpty ? nil : texts[1])
    paths = PartTable { texts[2 + $0.rawValue].isEmpty ? nil : texts[2 + $0.rawValue] }
  }
}
