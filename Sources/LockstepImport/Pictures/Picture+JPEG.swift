import CTurboJPEG
import PlatformC

extension Picture {
  /// Reads a JPEG file by libjpeg-turbo, with the exact inverse transform and smooth chroma. Pictures for print (CMYK)
  /// become RGB, and those of a camera that was held sideways upright.
  ///
  /// - Throws: LockstepError (.data) naming `path`.
  init(jpeg bytes: [UInt8], path: String) throws {
    guard let handle = tjInitDecompress() else {
      throw Self.damaged("JPEG file", "no memory to read it", path: path)
    }
    defer { tjDestroy(handle) }
    var (width, height, subsampling, space): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    guard
      tjDecompressHeader3(handle, bytes, UInt(bytes.count), &width, &height, &subsampling, &space) == 0
    else { throw Self.damaged("JPEG file", Self.message(of: handle), path: path) }
    // A block of 8x8 pixels has a bit at least; twice that for what Huffman codes cannot, but arithmetic ones may.
    try Self.checkSize(
      width: Int(width), height: Int(height), pixelsOfByte: 1024, of: bytes.count, path: path)
    let isPrint = space == TJCS_CMYK.rawValue || space == TJCS_YCCK.rawValue
    let isGrey = space == TJCS_GRAY.rawValue
    let format = isPrint ? TJPF_CMYK : isGrey ? TJPF_GRAY : TJPF_RGB
    let channels = isPrint ? 4 : isGrey ? 1 : 3
    let count = Int(width) * Int(height)
    var status: Int32 = 0
    var pixels = [UInt8](unsafeUninitializedCapacity: count * channels) { pixels, filled in
      // What a broken file leaves out stays defined.
      pixels.initialize(repeating: 0)
      status = tjDecompress2(
        handle, bytes, UInt(bytes.count), pixels.baseAddress, width, 0, height, Int32(format.rawValue),
        TJFLAG_ACCURATEDCT | TJFLAG_LIMITSCANS)
      filled = count * channels
    }
    if status != 0, !Self.isHarmless(handle, bytes) {
      throw Self.damaged("JPEG file", Self.message(of: handle), path: path)
    }
    if isPrint { pixels = Self.screenColours(ofPrint: pixels) }
    self = Picture(width: Int(width), height: Int(height), channels: isGrey ? 1 : 3, pixels: pixels)
      .upright(Orientation.find(in: bytes))
  }

  /// Whether there were only surplus bytes, as some cameras write them, in a file that has its end.
  private static func isHarmless(_ handle: tjhandle, _ bytes: [UInt8]) -> Bool {
    tjGetErrorCode(handle) == Int32(TJERR_WARNING.rawValue)
      && message(of: handle).contains("extraneous bytes")
      && bytes.suffix(64).split(separator: 0xFF, omittingEmptySubsequences: false).dropFirst().contains {
        $0.first == 0xD9
      }
  }

  /// Files have the inks inverted, 255 for none, as Adobe writes them.
  private static func screenColours(ofPrint inks: [UInt8]) -> [UInt8] {
    stride(from: 0, to: inks.count, by: 4).flatMap { i in
      (0..<3).map { UInt8(Int(inks[i + $0]) * Int(inks[i + 3]) / 255) }
    }
  }

  private static func message(of handle: tjhandle) -> String {
    tjGetErrorStr2(handle).map { String(cString: $0) } ?? "an error without a name"
  }
}
