import CZlib
import LockstepCore

/// The bytes of an IDX file; without a payload, 0, 1, 2, ... of the size that the dimensions need.
func idx(_ element: IDXElement, _ dimensions: [Int], _ payload: [UInt8]? = nil) -> [UInt8] {
  let size = payload == nil ? dimensions.reduce(element.byteCount, *) : 0
  return IDXHeader.encode(element: element, dimensions: dimensions)
    + (payload ?? (0..<size).map { UInt8(truncatingIfNeeded: $0) })
}

/// The same of type uint8.
func idx(_ dimensions: [Int], _ payload: [UInt8]? = nil) -> [UInt8] {
  idx(.uint8, dimensions, payload)
}

/// The bytes as one gzip member.
func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
  var stream = z_stream()
  deflateInit2_(
    &stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
    Int32(MemoryLayout<z_stream>.size))
  defer { deflateEnd(&stream) }
  var input = bytes
  return input.withUnsafeMutableBufferPointer { input in
    stream.next_in = input.baseAddress
    stream.avail_in = UInt32(input.count)
    let bound = Int(deflateBound(&stream, UInt(input.count)))
    return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
      stream.next_out = output.baseAddress
      stream.avail_out = UInt32(output.count)
      precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
      count = Int(stream.total_out)
    }
  }
}

/// Four images of 2 x 3 with labels to train on, two to test with.
func tinyDataset(prefix: String = "") -> [String: [UInt8]] {
  [
    prefix + "train-images-idx3-ubyte": idx([4, 2, 3]),
    prefix + "train-labels-idx1-ubyte": idx([4], [3, 1, 4, 1]),
    prefix + "t10k-images-idx3-ubyte": idx([2, 2, 3]),
    prefix + "t10k-labels-idx1-ubyte": idx([2], [5, 0]),
  ]
}

/// The same files, compressed.
func compressed(_ files: [String: [UInt8]]) -> [String: [UInt8]] {
  Dictionary(uniqueKeysWithValues: files.map { ($0 + ".gz", gzip($1)) })
}
