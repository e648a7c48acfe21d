import LockstepCore
import Testing

@Suite struct SafetensorsTests {
  static let tiny = Safetensors(
    metadata: ["format": "pt", "a": "quote \" and é"],
    tensors: [
      .init(name: "layers.0.weight", shape: [2, 3], values: [1, -2, 3, 0.5, .infinity, -0.0]),
      .init(name: "layers.0.bias", shape: [2], values: [7, 8]),
      .init(name: "empty", shape: [0, 4], values: []),
      .init(name: "scalar", shape: [], values: [9]),
    ])

  @Test func roundTrip() throws {
    let read = try Safetensors(bytes: Self.tiny.serialized(), path: "f")
    #expect(read.metadata == Self.tiny.metadata)
    #expect(read.tensors == Self.tiny.tensors.sorted { $0.name < $1.name })
    #expect(read["scalar"]?.values == [9])
    #expect(read["none"] == nil)
    #expect(try read.serialized() == Safetensors(bytes: read.serialized(), path: "f").serialized())
  }

  /// Sorted names, no spaces but the padding to a multiple of 8, little-endian data.
  @Test func layout() throws {
    let file = Safetensors(
      metadata: ["k": "v", "format": "pt"],
      tensors: [
        .init(name: "b", shape: [1], values: [1]), .init(name: "a", shape: [1, 2], values: [-2, 0.5]),
      ])
    let header =
      #"{"__metadata__":{"format":"pt","k":"v"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}   "#
    #expect(header.utf8.count == 152)
    let data: [UInt8] = [0, 0, 0, 0xC0, 0, 0, 0, 0x3F, 0, 0, 0x80, 0x3F]
    #expect(try file.serialized() == [152, 0, 0, 0, 0, 0, 0, 0] + Array(header.utf8) + data)
  }

  @Test func dataStartsAtAMultipleOf8() throws {
    for length in 0..<16 {
      let name = String(repeating: "x", count: length)
      let bytes = try Safetensors(metadata: [:], tensors: [.init(name: name, shape: [1], values: [1])])
        .serialized()
      #expect(bytes[0] % 8 == 0)
      #expect(bytes.count == 8 + Int(bytes[0]) + 4)
    }
  }

  @Test func aFileWithoutMetadataIsRead() throws {
    let bytes = Self.file(
      #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, data: [0, 0, 0x80, 0x3F])
    let file = try Safetensors(bytes: bytes, path: "f")
    #expect(file.metadata.isEmpty)
    #expect(file.tensors == [.init(name: "a", shape: [1], values: [1])])
  }

  /// A header and data with the length that belongs before them.
  static func file(_ header: String, data: [UInt8]) -> [UInt8] {
    let length = UInt64(header.utf8.count).littleEndian
    return withUnsafeBytes(of: length) { Array($0) } + Array(header.utf8) + data
  }
}
