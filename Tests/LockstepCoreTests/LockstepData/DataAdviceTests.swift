import Foundation
import LockstepCore
import Testing

/// What to do fits the reason why a directory cannot be read.
@Suite struct DataAdviceTests {
  @Test(arguments: [
    ("/d/f", EACCES, "Make it readable"), ("/none/f", ENOTDIR, "directory that the files are in"),
    ("/dev/null", ENOTDIR, "the file is in: '/dev'"), ("here", ENOENT, "--data or $LOCKSTEP_DATA"),
  ])
  func adviceFitsTheReason(path: String, reason: Int32, fix: String) {
    let error = DatasetFolder.unreadable(path, reason: reason)
    #expect(error.subject == path && error.fix?.contains(fix) == true, "\(error.description)")
  }

  @Test func anEmptyNameIsTheFlagsError() {
    for ranks in [1, 2] {
      for result in ThreadedCollective.run(
        nodes: Array(repeating: 0, count: ranks),
        {
          try DataSource.resolve(flag: "", collective: $0)
        })
      {
        let error = #expect(throws: AgreedError.self) { try result.get() }
        #expect(error?.message.contains("--data: expected a directory with the dataset, found ''") == true)
      }
    }
  }

  /// The script is of use for the directories of its datasets only.
  @Test(arguments: [
    ("data/mnist", true), ("./data/mnist", true), ("mnist", false), ("/data/mnist", true),
    ("../data/mnist", true), ("data/mnist2", false), ("data/kmnist", true),
  ])
  func theScriptIsNamedForItsDirectoryOnly(path: String, isNamed: Bool) {
    let error = #expect(throws: AgreedError.self) {
      try Dataset.load(directory: path + "/none", collective: SingleProcess())
    }
    #expect(error?.message.contains("scripts/fetch-data") == isNamed, "\(error?.message ?? "")")
    expectDataError(
      path + "/train-images-idx3-ubyte", isNamed ? ["again with scripts/fetch-data"] : ["where it came"]
    ) {
      try IDXFile(contents: Array("garbage".utf8), path: path + "/train-images-idx3-ubyte")
    }
  }
}
