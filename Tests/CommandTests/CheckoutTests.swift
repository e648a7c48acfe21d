import Foundation
import Testing

/// Checkouts that cannot be written or were moved, and toolchains that are not enough.
@Suite struct CheckoutTests {
  let checkout: Checkout

  init() throws { checkout = try Checkout() }

  // What cannot be written.

  /// Runs `train` where the checkout is mounted read-only, or, where that takes another user, has no write permission.
  private func trainUnwritable() throws -> CommandResult {
    guard geteuid() != 0 else {
      let mount =
        "mount --bind '\(checkout.path)' '\(checkout.path)' "
        + "&& mount -o remount,ro,bind '\(checkout.path)' && exec \"$@\""
      return try checkout.script(
        "train", ["--epochs", "1"], through: ["unshare", "--mount", "sh", "-c", mount, "sh"])
    }
    let places = [Library.scratch + "/release", Library.scratch, ""].map(checkout.file)
    for place in places { chmod(place, 0o555) }
    defer { for place in places { chmod(place, 0o755) } }
    return try checkout.script("train", ["--epochs", "1"])
  }

  @Test func trainsWithACurrentBinaryWhereItCannotBuild() throws {
    try checkout.writeBinary(isCurrent: true)
    let result = try trainUnwritable()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output == "ran train --epochs 1\n")
    #expect(result.errors == "")
  }

  @Test func namesTheSourceThatIsNewer() throws {
    try checkout.writeBinary(isCurrent: false)
    try FileManager.default.setAttributes(
      [.modificationDate: Date.distantPast], ofItemAtPath: checkout.file("Package.swift"))
    let result = try trainUnwritable()
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errors.contains("Sources/Trainer.swift is newer than"), "\(result.errors)")
    #expect(result.errors.contains("cannot write to \(checkout.path)/\(Library.scratch)"), "\(result.errors)")
  }

  @Test func saysThatThereIsNoBinary() throws {
    let result = try trainUnwritable()
    #expect(result.status == 1)
    #expect(
      result.errors.contains("there is no \(checkout.path)/\(Library.scratch)/release/lockstep"),
      "\(result.errors)")
  }

  @Test func buildsWhereItCan() throws {
    try checkout.writeBinary(isCurrent: true)
    let result = try checkout.script("train", ["--epochs", "1"])
    #expect(result.output == "ran train --epochs 1\n", "\(result.errors)")
    #expect(checkout.called.contains("build -c release"))
  }

  // What was moved.

  @Test func forgetsTheModulesOfAnotherPlace() throws {
    try checkout.writeBinary(isCurrent: true)
    try checkout.write("/old/place/.build/release", to: Library.scratch + "/release.yaml")
    let result = try checkout.script("train", [])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("This checkout was moved"))
    #expect(try modules() == [])
    #expect(checkout.called.contains("build -c release"))
  }

  /// SwiftPM has written its plan for the new place, and failed.
  @Test func buildsAgainAfterAMoveThatABuildHasMet() throws {
    try checkout.writeBinary(isCurrent: true)
    try checkout.program(
      "swift",
      """
      [ $1 = --version ] && { echo 'Swift version 6.0.3'; exit; }
      [ -e '\(checkout.file(Library.scratch + "/release/ModuleCache/a"))' ] || exit 0
      echo "error: precompiled file was compiled with module cache path '/old', but the path is currently '/new'"
      exit 1
      """)
    let result = try checkout.script("train", [])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "This checkout was moved after it was built: it is built anew.\n")
  }

  @Test func leavesTheModulesOfThisPlace() throws {
    try checkout.writeBinary(isCurrent: true)
    try checkout.write("\(checkout.path)/\(Library.scratch)/release", to: Library.scratch + "/release.yaml")
    let result = try checkout.script("train", [])
    #expect(result.errors == "")
    #expect(try modules() == ["a"])
  }

  private func modules() throws -> [String] {
    (try? FileManager.default.contentsOfDirectory(
      atPath: checkout.file(Library.scratch + "/release/ModuleCache"))) ?? []
  }

  // Toolchains.

  @Test(arguments: [
    ("Swift version 5.9.2 (swift-5.9.2-RELEASE)", "is too old: Swift version 5.9.2"),
    (
      "python-swiftclient 4.1.0",
      "is no Swift compiler that works; of its version it says: python-swiftclient"
    ),
    ("error while loading shared libraries", "it says: error while loading"),
  ]) func setupNamesAToolchainThatIsNotEnough(version: String, told: String) throws {
    try checkout.program("swift", "echo '\(version)'")
    try checkout.program("apt-get", "touch '\(checkout.file("checkout.called"))'")
    let result = try checkout.script("setup", [])
    #expect(result.status == 1)
    #expect(
      result.errors.contains(checkout.file("bin/swift")) && result.errors.contains(told), "\(result.errors)")
    #expect(result.errors.contains("Install Swift 6.0 or later"))
    #expect(checkout.called == "")
  }

  /// What was built before needs no compiler.
  @Test func aToolchainThatIsNotEnoughIsNotNeeded() throws {
    try checkout.writeBinary(isCurrent: true)
    try checkout.program("swift", "echo 'Swift version 5.9.2'")
    let result = try checkout.script("train", [])
    #expect(result.status == 0, "\(result.errors)")
    for told in ["is too old", "going on with "] { #expect(result.errors.contains(told), "\(result.errors)") }
  }

  @Test func setupTakesTheOldestSwift() throws {
    let result = try checkout.script("setup", [])
    #expect(result.status == 0, "\(result.errors)")
  }
}
