// swift-tools-version: 6.0
import PackageDescription

/// The MPI library to build with, by its names for pkg-config and for packages: `MPI=mpich swift build ...`.
let mpi: (pkgConfig: String, apt: String, brew: String) =
  switch Context.environment["MPI"] ?? "" {
  case "", "openmpi": ("ompi-c", "libopenmpi-dev", "open-mpi")
  case "mpich": ("mpich", "libmpich-dev", "mpich")
  case let other: fatalError("MPI: expected openmpi (the default) or mpich, found '\(other)'")
  }

/// The parts of the library, each of which sees those before it. What imports all of them as LockstepCore depends on
/// each: that module's own file stays the same when a part changes, so that a build after an update would keep code
/// that was compiled for another layout.
let parts = [
  "LockstepSupport", "LockstepRanks", "LockstepData", "LockstepNetwork", "LockstepTraining",
  "LockstepStorage",
  "LockstepRun",
]
let library = (parts + ["LockstepCore"]).map { Target.Dependency.byName(name: $0) }

let package = Package(
  name: "lockstep",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "lockstep", targets: ["lockstep"]),
    .executable(name: "lockstep-import", targets: ["lockstep-import"]),
    .library(name: "LockstepCore", targets: ["LockstepCore"] + parts),
    .library(name: "LockstepMPI", targets: ["LockstepMPI"]),
    .library(name: "MPI", targets: ["MPI"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    .systemLibrary(
      name: "CSystemMPI", pkgConfig: mpi.pkgConfig, providers: [.apt([mpi.apt]), .brew([mpi.brew])]),
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    // Formats of images and archives: LockstepImport alone uses them.
    .systemLibrary(
      name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
    .target(name: "CMPI", dependencies: ["CSystemMPI"]),
    .target(name: "CKernels"),
    // The C library of this platform, under one name.
    .target(name: "PlatformC"),
    .target(name: "MPI", dependencies: ["CMPI", "PlatformC"]),
    // Each sees those above it.
    .target(name: "LockstepSupport", dependencies: ["CKernels", "CZlib", "PlatformC"]),
    .target(name: "LockstepRanks", dependencies: ["LockstepSupport", "PlatformC"]),
    .target(
      name: "LockstepData",
      dependencies: ["CKernels", "CZlib", "LockstepRanks", "LockstepSupport", "PlatformC"]),
    .target(name: "LockstepNetwork", dependencies: ["CKernels", "LockstepData", "LockstepSupport"]),
    .target(
      name: "LockstepTraining",
      dependencies: [
        "CKernels", "LockstepData", "LockstepNetwork", "LockstepRanks", "LockstepSupport", "PlatformC",
      ]),
    .target(
      name: "LockstepStorage",
      dependencies: [
        "LockstepData", "LockstepNetwork", "LockstepRanks", "LockstepSupport", "LockstepTraining",
        "PlatformC",
        .product(name: "Yams", package: "Yams"),
      ],
      // A link to the package's `recipes`.
      exclude: ["Recipes/recipe.schema.json"],
      resources: [.embedInCode("Recipes")]),
    .target(
      name: "LockstepRun",
      dependencies: [
        "CKernels", "LockstepData", "LockstepNetwork", "LockstepRanks", "LockstepStorage", "LockstepSupport",
        "LockstepTraining", "PlatformC",
      ],
      resources: [.embedInCode("Report/Page")]),
    // All of them under one name.
    .target(name: "LockstepCore", dependencies: parts.map { .byName(name: $0) }),
    .target(name: "LockstepMPI", dependencies: ["LockstepRanks", "LockstepSupport", "MPI", "PlatformC"]),
    // Pictures, archives and tables of numbers to IDX files, and pictures to predictions.
    .target(
      name: "LockstepImport",
      dependencies: library + ["CPNG", "CTurboJPEG", "CZip", "PlatformC"]),
    .target(name: "CommandOutput", dependencies: library),
    // What needs the libraries of formats, apart from the command that runs on every node.
    .executableTarget(
      name: "lockstep-import",
      dependencies: library + [
        "CommandOutput", "LockstepImport", "PlatformC",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .executableTarget(
      name: "lockstep",
      dependencies: library + [
        "CommandOutput", "LockstepMPI", "MPI", "PlatformC",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "FuzzTargets", dependencies: library + ["LockstepImport", "CZlib"]),
    .executableTarget(name: "lockstep-fuzz", dependencies: library + ["FuzzTargets"]),
    .testTarget(name: "LockstepCoreTests", dependencies: library + ["CKernels", "FuzzTargets", "PlatformC"]),
    .testTarget(name: "LockstepImportTests", dependencies: library + ["LockstepImport"]),
    .testTarget(name: "LockstepMPITests", dependencies: library + ["LockstepMPI", "MPI"]),
    .testTarget(name: "CommandTests", dependencies: library + ["CPNG", "MPI"]),
  ]
)
