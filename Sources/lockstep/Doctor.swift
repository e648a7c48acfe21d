import ArgumentParser
import LockstepCore
import MPI

struct Doctor: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells what machines offer a run: cores, instruction set, memory, peak speed, network.",
    discussion: """
      Under mpirun it tells of all nodes and of the network between them; peak speeds are of rank 0's. With a \
      recipe it times steps on one rank, on two and on more, and predicts them for up to 1,024 ranks.
      """)

  @Flag(help: "Measure the dense kernels too, on one core at 64x784x512.") var kernels = false
  @Flag(help: "One line of JSON; speeds are in GFLOP/s.") var json = false
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?
  @Option(help: ArgumentHelp("The directory of the IDX files that steps are timed on.", valueName: "dir"))
  var data: String?
  @OptionGroup(title: "Recipe") var options: RecipeOptions

  func run(_ collective: any Collective) throws {
    if let listing = options.listing {
      return try collective.together { if collective.rank == 0 { try writeResult(listing) } }
    }
    let team = try makeTeam(threads, collective)
    let directories = SharedMemoryDirectory.candidates(ranks: collective.nodeSize)
    let memory = directories.first { $0.room > 64 << 20 } ?? directories.last!
    let nodes = try NodeDiagnosis.gather(collective, threads: team.count, sharedMemoryRoom: memory.room)
    let network = try NetworkSpeed.measure(collective)
    let steps = try options.isEmpty ? nil : predict(nodes, network, threads: team.count, collective)
    try collective.together {
      guard collective.rank == 0 else { return }
      let peak = PeakSpeed(team: team)
      let diagnosis = Diagnosis(
        version: Build.version, ranks: Launcher.isPresent ? collective.size : nil,
        library: Launcher.isPresent ? World.libraryVersion : nil,
        sharedMemoryDirectory: memory.path, sharedMemoryRoom: memory.room,
        peak: peak, kernels: kernels ? DenseSpeed(peak: peak) : nil, nodes: nodes, network: network,
        steps: steps)
      try writeResult((json ? diagnosis.json : diagnosis.text) + "\n")
    }
  }

  private func predict(
    _ nodes: [NodeDiagnosis], _ network: NetworkSpeed?, threads: Int, _ collective: any Collective
  ) throws -> StepPrediction {
    let recipe = try collective.together {
      try options.resolved { if collective.rank == 0 { warn($0) } }
    }
    return try StepPrediction.measure(
      recipe, name: options.recipeName ?? "these options", data: data, nodes: nodes, network: network,
      threads: threads, collective, tell: tell)
  }

  /// Only with a recipe, which it trains.
  var sharesMemory: Bool { !options.isEmpty }
}
