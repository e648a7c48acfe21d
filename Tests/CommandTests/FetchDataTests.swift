import Foundation
import LockstepCore
import Testing

/// scripts/fetch-data against a server on this machine, with small files in place of MNIST's.
@Suite struct FetchDataTests {
  static let names = ["images.gz", "labels.gz"]

  let served: TemporaryDirectory
  let target: TemporaryDirectory
  let server: FileServer
  let checksums: String

  init() throws {
    served = try TemporaryDirectory()
    target = try TemporaryDirectory()
    // Noise, so that gzip does not shrink it to less than the tests cut off.
    var generator = SystemRandomNumberGenerator()
    var lines = ""
    for name in Self.names {
      let inflated = String(name.dropLast(3))
      let bytes = (0..<20_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
      try served.write(Data(bytes), to: inflated)
      let command = "sha256sum <\(inflated) 2>/dev/null || shasum -a 256 <\(inflated); gzip \(inflated)"
      let sum = try run("sh", ["-c", command], directory: served.path).output
      lines += "\(sum.prefix(64)) \(name)\n"
    }
    checksums = lines
    server = try FileServer(serving: served.path)
  }

  /// Runs the script with these moods of the server as its mirrors.
  func fetch(_ moods: String...) throws -> CommandResult {
    try run(
      Repository.root + "/scripts/fetch-data", ["mnist", target.path],
      environment: [
        "LOCKSTEP_MIRRORS": moods.map { "\(server.address)/\($0)" }.joined(separator: " "),
        "LOCKSTEP_CHECKSUMS": checksums,
      ])
  }

  func expectComplete(_ result: CommandResult) throws {
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("complete"))
    #expect(try target.names() == Self.names)
    for name in Self.names { #expect(try target.data(name) == served.data(name)) }
  }

  @Test func fetchesEveryFile() throws {
    try expectComplete(fetch("good"))
    #expect(try server.requests() == ["/good/images.gz 0", "/good/labels.gz 0"])
  }

  @Test func leavesCompleteFilesAlone() throws {
    _ = try fetch("good")
    server.stop()
    try expectComplete(fetch("good"))
  }

  @Test func continuesAnUnfinishedFile() throws {
    try target.write(served.data("images.gz").prefix(7_000), to: "images.gz.part")
    try expectComplete(fetch("good"))
    #expect(try server.requests().first == "/good/images.gz 7000")
  }

  @Test func keepsWhatABrokenConnectionLeft() throws {
    let half = try served.data("images.gz").count / 2
    try expectComplete(fetch("cut", "good"))
    #expect(try server.requests().prefix(2) == ["/cut/images.gz 0", "/good/images.gz \(half)"])
  }

  @Test func startsAgainWhereTheMirrorSendsNoRanges() throws {
    try target.write(served.data("images.gz").prefix(7_000), to: "images.gz.part")
    try expectComplete(fetch("ranges-ignored"))
  }

  @Test(arguments: [3_000, 60_000]) func startsAgainAfterAPartOfSomethingElse(size: Int) throws {
    try target.write(Data(repeating: 7, count: size), to: "images.gz.part")
    try expectComplete(fetch("good"))
  }

  @Test(arguments: ["corrupt", "error-page", "missing"]) func goesOnToTheNextMirror(mood: String) throws {
    try expectComplete(fetch(mood, "good"))
  }

  @Test func failsWithAdviceWhenNoMirrorHasTheRightFile() throws {
    let result = try fetch("corrupt", "error-page")
    #expect(result.status == 1)
    #expect(result.errors.contains("could not fetch images.gz labels.gz"))
    #expect(result.errors.contains("wrong checksum"))
    #expect(try target.names() == [])
  }

  @Test func failsWithAdviceWhenTheServerIsGone() throws {
    server.stop()
    let result = try fetch("good")
    #expect(result.status == 1)
    #expect(result.errors.contains("could not fetch images.gz labels.gz"))
    let advice = "download by hand, into \(target.path), from any of\n  \(server.address)/good\n"
    #expect(result.errors.contains(advice))
    #expect(try target.names() == [])
  }

  @Test func neverReplacesAFileThatIsNotItsOwn() throws {
    try target.write(Data("mine".utf8), to: "labels.gz")
    let result = try fetch("good")
    #expect(result.status == 1)
    #expect(result.errors.contains("\(target.path)/labels.gz exists and is not mnist's"))
    #expect(try target.names() == Self.names)
    #expect(try target.text("labels.gz") == "mine")
  }

  /// A sum of 32 digits is the MD5 of the file as it is sent.
  @Test func knowsMD5() throws {
    let command = "cat images.gz | { md5sum 2>/dev/null || md5 -q; } | cut -c1-32"
    let sum = try run("sh", ["-c", command], directory: served.path).output.prefix(32)
    func fetch(_ sum: some StringProtocol) throws -> CommandResult {
      try run(
        Repository.root + "/scripts/fetch-data", ["kmnist", target.path],
        environment: ["LOCKSTEP_MIRRORS": "\(server.address)/good", "LOCKSTEP_CHECKSUMS": "\(sum) images.gz"])
    }
    #expect(try fetch(String(sum.reversed())).status == 1)
    #expect(try target.names() == [])
    let result = try fetch(sum)
    #expect(result.status == 0 && result.output.contains("kmnist is complete"), "\(result.errors)")
    #expect(try target.names() == ["images.gz"])
  }

  /// All of EMNIST is one archive, which the datasets of it share.
  @Test func takesEMNISTOutOfItsArchive() throws {
    let parts = ["train-images-idx3", "train-labels-idx1", "test-images-idx3", "test-labels-idx1"]
    let names = parts.map { "emnist-letters-\($0)-ubyte.gz" }.sorted()
    let pack = "mkdir gzip && for n in \(names.joined(separator: " ")); do echo $n | gzip >gzip/$n; done; "
    let sum =
      "python3 -m zipfile -c gzip.zip gzip && { md5sum 2>/dev/null || md5 -q; } <gzip.zip | cut -c1-32"
    let md5 = try run("sh", ["-c", pack + sum], directory: served.path).output.prefix(32)
    let result = try run(
      Repository.root + "/scripts/fetch-data", ["emnist-letters", target.path + "/emnist-letters"],
      environment: ["LOCKSTEP_MIRRORS": "\(server.address)/good", "LOCKSTEP_CHECKSUMS": "\(md5) gzip.zip"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(try target.names() == ["emnist-letters", "gzip.zip"])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: target.path + "/emnist-letters").sorted() == names)
  }

  @Test func knowsTheRealFiles() throws {
    guard let mnist = Repository.mnist else { return }
    let noMirror = ["LOCKSTEP_MIRRORS": "http://127.0.0.1:9"]
    let result = try run(Repository.root + "/scripts/fetch-data", ["mnist", mnist], environment: noMirror)
    #expect(result.status == 0, "\(result.errors)")
  }

  /// The names that the script knows are those that `--data` knows.
  @Test func knowsTheNamesOfTheCommand() throws {
    let list = try run(Repository.root + "/scripts/fetch-data", ["--list"]).output
    let names = list.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(names == NamedDataset.names)
  }
}
