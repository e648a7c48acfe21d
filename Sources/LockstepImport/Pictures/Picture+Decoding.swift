import LockstepSupport

extension Picture {
  /// The most bytes of a picture's file.
  static let mostBytes = 1 << 28

  /// Reads a PNG or JPEG file; its first bytes decide, not its name.
  ///
  /// - Throws: LockstepError (.data) naming the file if it is neither, damaged, or of more than `mostPixels`.
  public init(path: String) throws {
    try self.init(bytes: try readFile(path, limit: Self.mostBytes, kind: .data), path: path)
  }

  /// Reads a PNG or JPEG file's bytes; `path` is for messages. Throws as `init(path:)` does.
  public init(bytes: [UInt8], path: String) throws {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      try self.init(png: bytes, path: path)
    } else if bytes.starts(with: [0xFF, 0xD8]) {
      try self.init(jpeg: bytes, path: path)
    } else {
      throw LockstepError(
        .data, path, expected: "a PNG or JPEG picture", found: Self.kind(of: bytes),
        fix: "Save it as PNG, or leave it out")
    }
  }

  private static func kind(of bytes: [UInt8]) -> String {
    let known: [(start: String, name: String)] = [
      ("GIF8", "a GIF file"), ("BM", "a BMP file"), ("II*\0", "a TIFF file"), ("MM\0*", "a TIFF file"),
      ("RIFF", "a RIFF file, perhaps WebP"), ("<", "text that looks like HTML or SVG"),
      ("%PDF", "a PDF file"),
      ("version https://git-lfs", "a Git LFS pointer, not the file itself"),
    ]
    if bytes.isEmpty { return "an empty file" }
    if bytes.count > 11, bytes[4..<8].elementsEqual("ftyp".utf8) { return "an MP4 or HEIC file" }
    return known.first { bytes.starts(with: $0.start.utf8) }?.name ?? "neither, by its first bytes"
  }

  /// - Throws: LockstepError (.data) for a picture without pixels or with too many: of all, or for its file, where each
  ///   byte makes `pixelsOfByte` at most.
  static func checkSize(width: Int, height: Int, pixelsOfByte: Int, of bytes: Int, path: String) throws {
    guard width > 0, height > 0, width <= mostPixels, height <= mostPixels, width * height <= mostPixels
    else {
      throw LockstepError(
        .data, path, expected: "a picture of 1 to \(mostPixels) pixels", found: "\(width)x\(height)",
        fix: "Scale it down, or leave it out")
    }
    // Decoded, turned and scaled there are some copies, of three bytes a pixel.
    let need = Double(width * height) * 12
    if need > 1e8, case let room = MemoryLimit.room, need > room {
      throw LockstepError(
        .usage, path, expected: "\(need.inBytes) of memory for a picture of \(width)x\(height) pixels",
        found: room.inBytes,
        fix: "Raise the limit (ulimit -v), give fewer --threads, or scale the picture down")
    }
    guard width * height / pixelsOfByte <= bytes else {
      throw damaged(
        "picture", "\(width)x\(height) pixels in \(bytes) bytes, which cannot hold them", path: path)
    }
  }

  static func damaged(_ format: String, _ reason: String, path: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "a sound \(format)", found: reason,
      fix: "Fetch or save it again, or leave it out")
  }
}
