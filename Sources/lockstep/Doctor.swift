import ArgumentParser
import LockstepCore
import MPI

struct Doctor: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Tells what this machine offers a run: cores, instruction set, shared memory, peak speed.",
    discussion: "Under mpirun, rank 0 tells of its own node, while the other ranks wait.")

  @Flag(help: "Measure the dense kernels too, on one core at 64x784x512.") var kernels = false
  @Flag(help: "One line of JSON; speeds are in GFLOP/s.") var json = false

  func run(_ collective: any Collective) throws {
    let team = try makeTeam(nil, collective)
    try collective.together {
      guard collective.rank == 0 else { return }
      let peak = PeakSpeed(team: team)
      let directories = SharedMemoryDirectory.candidates(ranks: collective.nodeSize)
      let memory = directories.first { $0.room > 64 << 20 } ?? directories.last!
      let diagnosis = Diagnosis(
        version: Build.version, ranks: Launcher.isPresent ? collective.size : nil,
        sharedMemoryDirectory: memory.path, sharedMemoryRoom: memory.room,
        peak: peak, kernels: kernels ? DenseSpeed(peak: peak) : nil)
      try writeResult((json ? diagnosis.json : diagnosis.text) + "\n")
    }
  }
}
