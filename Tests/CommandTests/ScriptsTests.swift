import Foundation
import Testing

/// What all scripts have in common.
@Suite struct ScriptsTests {
  let checkout: Checkout

  init() throws { checkout = try Checkout() }

  static let names = try! FileManager.default.contentsOfDirectory(atPath: Repository.root + "/scripts")
    .filter { !$0.contains(".") && $0 != "slurm" }.sorted()

  @Test(arguments: names, ["-h", "--help"]) func tellsItsUsage(name: String, flag: String) throws {
    let result = try checkout.script(name, [flag])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("  scripts/\(name)"), "\(result.output)")
    #expect(result.errors == "")
    #expect(checkout.called == "", "it builds: \(checkout.called)")
  }

  @Test(arguments: [
    ("setup", ["now"]), ("reproduce", ["mlp-521"]), ("reproduce", ["--quick"]), ("test", ["LaunchTests"]),
    ("profile", []), ("profile", ["gpt"]), ("fetch-data", ["--all"]), ("fetch-data", ["mnits"]),
    ("fuzz", ["yams"]), ("fuzz", ["--seconds", "soon"]), ("launch", []), ("test-debian13", ["--clean"]),
    ("bench", ["mlp-65"]), ("bench", ["best-100", "resnet-20"]),
    ("bench", ["--install-peers", "torch", "jax"]),
    ("plot-performance", ["--epochs", "0"]), ("torture", ["--bogus"]), ("torture", ["--rounds", "0"]),
    ("test-sanitizers", ["memory"]), ("install", []), ("install", ["--now"]), ("install", ["a", "b"]),
    ("test-cluster", ["bit"]), ("test-python", ["--now"]), ("test-python", ["--install", "torch"]),
    ("test-examples", ["arrays"]), ("document", ["--now"]),
  ]) func refusesWhatItDoesNotKnow(name: String, arguments: [String]) throws {
    let result = try checkout.script(name, arguments)
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.errors.contains("scripts/\(name)"), "\(result.errors)")
    #expect(checkout.called == "", "it builds: \(checkout.called)")
  }

  @Test(arguments: names) func runsThroughLinks(name: String) throws {
    try FileManager.default.createSymbolicLink(
      atPath: checkout.file("absolute"), withDestinationPath: checkout.file("scripts/" + name))
    try FileManager.default.createSymbolicLink(
      atPath: checkout.file("bin/relative"), withDestinationPath: "../absolute")
    for command in [checkout.file("absolute"), checkout.file("bin/relative")] {
      #expect(try checkout.script(command, ["--help"]).output == checkout.script(name, ["--help"]).output)
    }
    let fromPath = try checkout.script("/usr/bin/env", ["relative", "--help"])
    #expect(fromPath.output == (try checkout.script(name, ["--help"]).output), "\(fromPath.errors)")
  }
}
