import LockstepCore
import Testing

/// Golden bytes, the first ones from protobuf.dev/programming-guides/encoding.
@Suite struct ProtobufMessageTests {
  private func bytes(_ fill: (inout ProtobufMessage) -> Void) -> [UInt8] { ProtobufMessage(fill).bytes }

  @Test func integers() {
    #expect(bytes { $0.add(1, 150) } == [0x08, 0x96, 0x01])
    #expect(bytes { $0.add(1, 0) } == [0x08, 0x00])
    #expect(bytes { $0.add(1, 127) } == [0x08, 0x7F])
    #expect(bytes { $0.add(1, 128) } == [0x08, 0x80, 0x01])
    #expect(bytes { $0.add(1, -1) } == [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
    #expect(bytes { $0.add(1, .max) } == [0x08] + [UInt8](repeating: 0xFF, count: 8) + [0x7F])
  }

  /// A field's number may need a second byte.
  @Test func tags() {
    #expect(bytes { $0.add(15, 2) } == [0x78, 0x02])
    #expect(bytes { $0.add(16, 2) } == [0x80, 0x01, 0x02])
    #expect(bytes { $0.add(20, 7) } == [0xA0, 0x01, 0x07])
  }

  @Test func texts() {
    #expect(bytes { $0.add(2, "testing") } == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6E, 0x67])
    #expect(bytes { $0.add(2, "") } == [0x12, 0x00])
    #expect(bytes { $0.add(2, "é") } == [0x12, 0x02, 0xC3, 0xA9])
    let long = bytes { $0.add(2, String(repeating: "a", count: 300)) }
    #expect(long.prefix(3) == [0x12, 0xAC, 0x02] && long.count == 303)
  }

  @Test func numbers() {
    #expect(bytes { $0.add(2, Float(1)) } == [0x15, 0x00, 0x00, 0x80, 0x3F])
    #expect(bytes { $0.add(1, 1.0 as Double) } == [0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F])
    #expect(bytes { $0.add(9, raw: [1, -2]) } == [0x4A, 0x08, 0, 0, 0x80, 0x3F, 0, 0, 0, 0xC0])
    #expect(bytes { $0.add(9, raw: []) } == [0x4A, 0x00])
  }

  @Test func messagesInEachOther() {
    #expect(bytes { $0.add(3, ProtobufMessage { $0.add(1, 150) }) } == [0x1A, 0x03, 0x08, 0x96, 0x01])
    let fields = bytes {
      $0.add(1, 1)
      $0.add(1, 2)
      $0.add(2, ProtobufMessage())
    }
    #expect(fields == [0x08, 0x01, 0x08, 0x02, 0x12, 0x00])
  }
}
