/// Other formats that turn up under the name of an IDX file, recognised by their first bytes so that the error can name
/// them.
struct ForeignFormat {
  let description: String
  /// The advice for the file with this path.
  let fix: (String) -> String

  private static let known: [(magic: [UInt8], description: String, fix: String)] = [
    ([0x93] + Array("NUMPY".utf8), "a numpy .npy file", "lockstep import makes a dataset of such files"),
    (
      Array("PK\u{3}\u{4}".utf8), "a zip archive or numpy .npz",
      "Unpack it; of an .npz, lockstep import makes a dataset"
    ),
    ([0x1F, 0x8B], "a gzip file inside a gzip file", "Decompress it once with gunzip"),
    ([0xFD] + Array("7zXZ".utf8), "an xz file", "Decompress it with unxz"),
    (Array("BZh".utf8), "a bzip2 file", "Decompress it with bunzip2"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a zstd file", "Decompress it with unzstd"),
    (Array("version https://git-lfs".utf8), "a Git LFS pointer, not the file itself", "Run git lfs pull"),
  ]

  /// nil if the bytes match no known format.
  init?(of bytes: UnsafeRawBufferPointer) {
    if Self.looksLikeHTML(bytes) {
      description = "something that looks like an HTML page"
      fix = { "The download failed and saved an error page. \(fetchAgain($0))" }
    } else if let format = Self.known.first(where: { bytes.starts(with: $0.magic) }) {
      description = format.description
      fix = { _ in format.fix }
    } else {
      return nil
    }
  }

  /// A `<` after white space and a UTF-8 byte order mark: an HTML page, or the XML error of an object store.
  private static func looksLikeHTML(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = bytes.starts(with: mark) ? bytes.dropFirst(mark.count) : bytes[...]
    return text.first { !Array(" \t\r\n".utf8).contains($0) } == UInt8(ascii: "<")
  }
}
