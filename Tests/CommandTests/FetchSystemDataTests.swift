import Foundation
import Testing

/// scripts/fetch-data where the system has the dataset. No mirror answers.
@Suite(.enabled(if: Mounts.areAllowed, Mounts.need)) struct FetchSystemDataTests {
  static let names = ["images.gz", "labels.gz"]

  let checkout: Checkout
  let share: TemporaryDirectory
  let checksums: String

  init() throws {
    checkout = try Checkout()
    share = try TemporaryDirectory()
    let system = share.file("datasets/kmnist")
    try FileManager.default.createDirectory(atPath: system, withIntermediateDirectories: true)
    let make = """
      for name in images labels; do
        echo $name of the system >$name
        echo $({ sha256sum 2>/dev/null || shasum -a 256; } <$name | cut -c1-64) $name.gz
        gzip $name
      done
      """
    checksums = try run("bash", ["-c", make], directory: system).output
  }

  /// Runs the script where /usr/share is that directory.
  private func fetch(_ arguments: String...) throws -> CommandResult {
    let mount = Mounts.wrapper("mount --bind '\(share.path)' /usr/share")
    let variables = ["LOCKSTEP_MIRRORS=http://127.0.0.1:9", "LOCKSTEP_CHECKSUMS=\(checksums)"]
    return try checkout.script("fetch-data", ["kmnist"] + arguments, through: mount + ["env"] + variables)
  }

  private func expectCopies(in directory: String) throws {
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).sorted() == Self.names)
    for name in Self.names {
      let copy = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
      #expect(try copy == share.data("datasets/kmnist/" + name))
    }
  }

  @Test func usesItWhereItIs() throws {
    let result = try fetch()
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(
      result.output
        == "kmnist is complete in /usr/share/datasets/kmnist, where --data kmnist finds it\n")
    #expect(!FileManager.default.fileExists(atPath: checkout.file("data")))
  }

  /// `--data kmnist` finds what an interrupted download has left before it looks at the system's.
  @Test func completesWhatIsInItsWay() throws {
    let directory = checkout.file("data/kmnist")
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    try checkout.write("the beginning of something", to: "data/kmnist/images.gz.part")
    let result = try fetch()
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(result.output == "kmnist is complete in \(directory)\n")
    try expectCopies(in: directory)
  }

  @Test func copiesItToAnotherPlace() throws {
    let result = try fetch(checkout.file("elsewhere"))
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    try expectCopies(in: checkout.file("elsewhere"))
  }

  @Test func asksAMirrorForWhatIsDamaged() throws {
    try share.write(Data("damaged".utf8), to: "datasets/kmnist/labels.gz")
    let result = try fetch()
    #expect(result.status == 1)
    #expect(result.errors.contains("could not fetch labels.gz\n"), "\(result.errors)")
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: checkout.file("data/kmnist")) == ["images.gz"])
  }
}
