// swift-tools-version: 6.0
import PackageDescription

// Programs that use the library, as one outside of this repository would: `swift run -c release arrays`.
let core = Target.Dependency.product(name: "LockstepCore", package: "lockstep")

let package = Package(
  name: "Examples",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "lockstep", path: "..")],
  targets: [
    .executableTarget(name: "arrays", dependencies: [core]),
    .executableTarget(name: "layer", dependencies: [core]),
    .executableTarget(name: "loss", dependencies: [core]),
    .executableTarget(name: "resume", dependencies: [core]),
    .executableTarget(
      name: "ranks", dependencies: [core, .product(name: "LockstepMPI", package: "lockstep")]),
  ]
)
