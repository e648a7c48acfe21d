import Foundation
import LockstepCore
import Testing

/// scripts/install with a build that is done: what it puts where, and that it takes it away again.
@Suite struct InstallTests {
  let checkout: Checkout
  let prefix: String

  init() throws {
    checkout = try Checkout()
    prefix = checkout.file("prefix")
    try checkout.program(
      "swift",
      """
      case "$*" in
        --version) echo 'Swift version 6.0.3' ;;
        *--show-bin-path*) echo '\(checkout.file("built"))' ;;
      esac
      """)
    try FileManager.default.createDirectory(atPath: checkout.file("built"), withIntermediateDirectories: true)
    for suffix in ["", "-import"] {
      try FileManager.default.copyItem(
        atPath: Repository.lockstep + suffix, toPath: checkout.file("built/lockstep" + suffix))
    }
  }

  private func files() throws -> Set<String> {
    var found: Set<String> = []
    for case let path as String in FileManager.default.enumerator(atPath: prefix) ?? .init() {
      var isDirectory: ObjCBool = false
      if FileManager.default.fileExists(atPath: "\(prefix)/\(path)", isDirectory: &isDirectory),
        !isDirectory.boolValue
      {
        found.insert(path)
      }
    }
    return found
  }

  private func install(_ arguments: [String]) throws -> CommandResult {
    let result = try checkout.script("install", arguments)
    #expect(result.status == 0, "\(result.errors)")
    return result
  }

  @Test func installsAndRemoves() throws {
    let result = try install([prefix])
    #expect(result.output.hasPrefix("Installed lockstep \(Build.version) in \(prefix): "), "\(result.output)")
    let installed = try files()
    #expect(
      installed.isSuperset(of: [
        "bin/lockstep", "share/man/man1/lockstep.1", "share/man/man1/lockstep-train.1",
        "libexec/lockstep/launch",
        "libexec/lockstep/lockstep-import", "share/man/man1/lockstep-import.1",
        "share/bash-completion/completions/lockstep", "share/zsh/site-functions/_lockstep",
        "share/fish/vendor_completions.d/lockstep.fish",
      ]), "\(installed)")
    let words = try run(
      "bash", ["-c", "source '\(prefix)/share/bash-completion/completions/lockstep' && complete -p lockstep"])
    #expect(words.status == 0 && words.output.hasSuffix(" lockstep\n"), "\(words.errors)")
    // Of an earlier version, which had one file more; and what is somebody else's.
    let manifest = "\(prefix)/libexec/lockstep/files"
    let list = try String(contentsOfFile: manifest, encoding: .utf8)
    try (list + "share/old\n../outside\n").write(toFile: manifest, atomically: true, encoding: .utf8)
    for name in ["prefix/share/old", "prefix/share/mine", "outside"] { try checkout.write("", to: name) }
    _ = try install([prefix])
    #expect(try files() == installed.union(["share/mine"]))
    #expect(try install(["--remove", prefix]).output == "Removed \(installed.count) files from \(prefix).\n")
    #expect(try files() == ["share/mine"])
    #expect(FileManager.default.fileExists(atPath: checkout.file("outside")))
    let again = try checkout.script("install", ["--remove", prefix])
    #expect(again.status == 1 && again.errors.contains("found no libexec/lockstep/files"), "\(again.errors)")
  }

  @Test func leavesNothingBehind() throws {
    _ = try install([prefix])
    _ = try install(["--remove", prefix])
    #expect(!FileManager.default.fileExists(atPath: prefix))
  }

  /// Twice, since the second installation finds directories of the first.
  @Test func emptyDirectoriesThatWereThereStay() throws {
    try FileManager.default.createDirectory(atPath: prefix + "/share/man", withIntermediateDirectories: true)
    for _ in 0..<2 { _ = try install([prefix]) }
    _ = try install(["--remove", prefix])
    #expect(try FileManager.default.subpathsOfDirectory(atPath: prefix).sorted() == ["share", "share/man"])
  }
}
