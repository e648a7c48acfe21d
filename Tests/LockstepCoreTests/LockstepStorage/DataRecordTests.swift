import Foundation
import LockstepCore
import Testing

/// `checkpoints/dataset.json`.
@Suite struct DataRecordTests {
  @Test(arguments: ["/a/b", "/", "/with \"quotes\" and\nlines", "/é"]) func comesBack(path: String) {
    #expect(DataRecord.decode(DataRecord.encode(.directory(path))) == .directory(path))
  }

  @Test func pathsAreFromTheRoot() {
    let directory = FileManager.default.currentDirectoryPath
    #expect(DataRecord.decode(DataRecord.encode(.directory("a/b"))) == .directory(directory + "/a/b"))
    #expect(
      DataRecord.decode(DataRecord.encode(.synthetic(train: 5, test: 6))) == .synthetic(train: 5, test: 6))
  }

  @Test(arguments: [
    "", "{}", "[]", "null", "{\"directory\":\"\"}", "{\"directory\":3}", "{\"synthesized\":[1]}",
    "{\"synthesized\":[1,0]}", "{\"synthesized\":[-1,9223372036854775808]}", "\0\0",
  ]) func whatSaysNothing(text: String) {
    #expect(DataRecord.decode(Array(text.utf8)) == nil)
  }
}
