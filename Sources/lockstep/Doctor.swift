import ArgumentParser
import LockstepCore
import MPI

struct Doctor: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells what machines offer a run: cores, instruction set, memory, peak speed, network.",
    discussion:
      "Under mpirun it tells of all nodes and of the network between them; peak speeds are of rank 0's.")

  @Flag(help: "Measure the dense kernels too, on one core at 64x784x512.") var kernels = false
  @Flag(help: "One line of JSON; speeds are in GFLOP/s.") var json = false

  func run(_ collective: any Collective) throws {
    let team = try makeTeam(nil, collective)
    let directories = SharedMemoryDirectory.candidates(ranks: collective.nodeSize)
    let memory = directories.first { $0.room > 64 << 20 } ?? directories.last!
    let nodes = try NodeDiagnosis.gather(collective, threads: team.count, sharedMemoryRoom: memory.room)
    let network = try NetworkSpeed.measure(collective)
    try collective.together {
      guard collective.rank == 0 else { return }
      let peak = PeakSpeed(team: team)
      let diagnosis = Diagnosis(
        version: Build.version, ranks: Launcher.isPresent ? collective.size : nil,
        sharedMemoryDirectory: memory.path, sharedMemoryRoom: memory.room,
        peak: peak, kernels: kernels ? DenseSpeed(peak: peak) : nil, nodes: nodes, network: network)
      try writeResult((json ? diagnosis.json : diagnosis.text) + "\n")
    }
  }
}
