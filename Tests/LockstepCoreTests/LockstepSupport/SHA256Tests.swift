import LockstepCore
import Testing

@Suite struct SHA256Tests {
  /// The empty text and "abc" are FIPS 180-4's examples, the others Python's hashlib's of as many letters a.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (String(repeating: "a", count: 55), "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"),
    (String(repeating: "a", count: 56), "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"),
    (String(repeating: "a", count: 64), "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"),
    (String(repeating: "a", count: 119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
    (String(repeating: "a", count: 1000), "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3"),
  ])
  func examples(text: String, expected: String) {
    #expect(digest(text, pieces: 1000) == expected)
    for pieces in [1, 7, 63, 64, 65] { #expect(digest(text, pieces: pieces) == expected) }
  }

  private func digest(_ text: String, pieces: Int) -> String {
    let bytes = Array(text.utf8)
    var digest = SHA256()
    for start in stride(from: 0, to: bytes.count, by: pieces) {
      bytes[start..<min(start + pieces, bytes.count)].withUnsafeBytes { digest.update($0) }
    }
    return digest.finish()
  }
}
