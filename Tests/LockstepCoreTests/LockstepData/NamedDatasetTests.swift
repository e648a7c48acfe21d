import Foundation
import LockstepCore
import Testing

/// `--data fashion-mnist`.
@Suite struct NamedDatasetTests {
  private func directory(of name: String, beside other: String? = nil, there: Set<String>) -> String {
    NamedDataset.directory(of: name, beside: other) { there.contains($0) }
  }

  @Test func theFirstPlaceThatExists() {
    let system = "/usr/share/datasets/kmnist"
    #expect(directory(of: "kmnist", there: [system]) == system)
    #expect(directory(of: "kmnist", beside: "/d/mnist", there: [system, "/d/kmnist"]) == "/d/kmnist")
    #expect(directory(of: "kmnist", there: [system, "data/kmnist"]) == "data/kmnist")
    // A directory of that name is the user's own.
    #expect(directory(of: "kmnist", there: [system, "kmnist", "data/kmnist"]) == "kmnist")
    #expect(directory(of: "kmnist", there: []) == "kmnist")
  }

  @Test func otherNamesAreDirectories() {
    #expect(directory(of: "mine", there: ["data/mine", "/usr/share/datasets/mine"]) == "mine")
    #expect(directory(of: "x/kmnist", there: ["data/kmnist", "data/x/kmnist"]) == "x/kmnist")
  }

  @Test(arguments: [
    ("emnist-letters", "scripts/fetch-data emnist-letters downloads it"),
    ("fashion-mnist", "apt-get install dataset-fashion-mnist"),
    ("fashon-mnist", "Did you mean fashion-mnist?"),
    ("pictures", "pass their directory with --data"), ("./kmnist", "pass their directory with --data"),
  ])
  func whereThereIsNone(name: String, fix: String) {
    let error = DatasetFolder.unreadable(name, reason: ENOENT)
    #expect(error.subject == name && error.fix?.contains(fix) == true, "\(error.description)")
  }
}

/// What `lockstep import` reads, in place of IDX files.
@Suite struct ImportableFormatTests {
  @Test(arguments: [
    ("cat/1.png", "pictures such as"), ("train/cat/1.JPG", "pictures such as"),
    ("mnist.npz", "arrays such as"),
    ("train.csv", "tables such as"),
  ])
  func theAdviceIsToImport(file: String, what: String) throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(
      atPath: "\(directory.path)/\(file)", withIntermediateDirectories: true)
    let error = #expect(throws: AgreedError.self) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
    #expect(error?.message.contains("\(what) \(directory.path)/\(file)") == true, "\(error?.message ?? "")")
    #expect(error?.message.contains("lockstep import '\(directory.path)' --output DIR") == true)
  }

  @Test func aFileInPlaceOfADirectory() {
    let error = DatasetFolder.unreadable("d/mnist.npz", reason: ENOTDIR)
    #expect(error.fix?.hasPrefix("lockstep import 'd/mnist.npz' --output DIR") == true)
  }

  @Test func otherFilesAreNot() throws {
    let directory = try TemporaryDirectory(["notes.txt": [], "data.parquet": []])
    let error = #expect(throws: AgreedError.self) {
      try Dataset.load(directory: directory.path, collective: SingleProcess())
    }
    #expect(error?.message.contains("import") == false)
  }
}
