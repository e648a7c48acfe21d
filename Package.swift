// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "lockstep",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "lockstep", targets: ["lockstep"]),
    .library(name: "LockstepCore", targets: ["LockstepCore"]),
    .library(name: "LockstepMPI", targets: ["LockstepMPI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    .systemLibrary(
      name: "COpenMPI", pkgConfig: "ompi-c",
      providers: [.apt(["libopenmpi-dev"]), .brew(["open-mpi"])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .target(name: "CMPI", dependencies: ["COpenMPI"]),
    .target(name: "CKernels"),
    .target(name: "MPI", dependencies: ["CMPI"]),
    .target(
      name: "LockstepCore",
      dependencies: ["CKernels", "CZlib", .product(name: "Yams", package: "Yams")]),
    .target(name: "LockstepMPI", dependencies: ["LockstepCore", "MPI"]),
    .executableTarget(
      name: "lockstep",
      dependencies: [
        "LockstepCore", "LockstepMPI", "MPI",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "FuzzTargets", dependencies: ["LockstepCore", "CZlib"]),
    .executableTarget(name: "lockstep-fuzz", dependencies: ["FuzzTargets", "LockstepCore"]),
    .testTarget(name: "LockstepCoreTests", dependencies: ["LockstepCore", "CKernels", "FuzzTargets"]),
    .testTarget(name: "LockstepMPITests", dependencies: ["LockstepMPI", "MPI"]),
    .testTarget(name: "CommandTests", dependencies: ["LockstepCore"]),
  ]
)
