/// The environment variables by which launchers inform the processes that they start.
package struct LaunchEnvironment: Sendable {
  private let variables: [String: String]

  package init(_ variables: [String: String]) { self.variables = variables.filter { !$0.value.isEmpty } }

  /// A launcher, and its variables for a process's number and the number of processes.
  private struct Kind {
    let name: String
    let rank: String
    let size: String?
    /// Whether the size is also set in shells that are not among the processes.
    var isLeftToShells = false
    /// A variable, with its least value if it is a number, without which the others are not this launcher's.
    var witness: (name: String, least: Int?)?
  }

  private static let hydra = "the mpirun of MPICH or of a relative"

  private static let kinds = [
    // MPICH, Intel MPI, MVAPICH, srun --mpi=pmi2; the second tells of a node only.
    Kind(name: hydra, rank: "PMI_RANK", size: "PMI_SIZE"),
    Kind(name: hydra, rank: "MPI_LOCALRANKID", size: "MPI_LOCALNRANKS"),
    Kind(name: "MVAPICH's launcher", rank: "MV2_COMM_WORLD_RANK", size: "MV2_COMM_WORLD_SIZE"),
    Kind(name: "MVAPICH's launcher", rank: "MPIRUN_RANK", size: "MPIRUN_NPROCS"),
    Kind(name: "a PMIx launcher", rank: "PMIX_RANK", size: "PMIX_SIZE"),
    Kind(name: "PALS", rank: "PALS_RANKID", size: "PALS_SIZE"),
    Kind(name: "PALS", rank: "PALS_LOCAL_RANKID", size: "PALS_LOCAL_SIZE"),
    Kind(name: "aprun", rank: "ALPS_APP_PE", size: nil),
    Kind(name: "jsrun", rank: "JSM_NAMESPACE_RANK", size: "JSM_NAMESPACE_SIZE"),
    Kind(name: "flux", rank: "FLUX_TASK_RANK", size: "FLUX_JOB_SIZE", isLeftToShells: true),
    // Also set by Kubernetes' PyTorchJob.
    Kind(
      name: "torchrun", rank: "RANK", size: "WORLD_SIZE", isLeftToShells: true, witness: ("MASTER_ADDR", nil)),
    // The job's own script is task 1. On the first node this is undecidable: it may be the only process.
    Kind(name: "pbsdsh", rank: "PBS_VNODENUM", size: nil, witness: ("PBS_TASKNUM", 2)),
    Kind(name: "pbsdsh", rank: "PBS_NODENUM", size: nil, witness: ("PBS_TASKNUM", 2)),
  ]

  /// Whether MPI can be initialised with the ranks of a launcher. A process without a launcher need not touch MPI at
  /// all: a singleton start costs 0.4 s and may fail without ssh.
  package var startsMPI: Bool { isOpenMPIs || variables["PMI_RANK"] != nil }

  /// Whether the launcher speaks Open MPI's protocol.
  var isOpenMPIs: Bool { variables["OMPI_COMM_WORLD_SIZE"] != nil || variables["PMIX_RANK"] != nil }

  /// Whether the launcher is Hydra, which is MPICH's and its relatives': srun does not set this variable.
  private var isHydra: Bool { variables["MPI_LOCALNRANKS"] != nil }

  /// This rank's number, if the launcher says.
  var rank: Int? { number("OMPI_COMM_WORLD_RANK") ?? number("PMIX_RANK") ?? number("PMI_RANK") }

  /// The number of ranks on this node, if the launcher says.
  var nodeSize: Int? { number("OMPI_COMM_WORLD_LOCAL_SIZE") ?? number("MPI_LOCALNRANKS") }

  /// The launcher that started this process as one of several, and their number or a lower bound; nil for none.
  /// `given`: the variables to unset for a process that should train alone.
  private var several: (launcher: String, least: Int, isExact: Bool, given: [String])? {
    // An mpirun inside another launcher's job has its own ranks.
    if let size = number("OMPI_COMM_WORLD_SIZE") {
      return size > 1 ? ("Open MPI's mpirun", size, true, []) : nil
    }
    if isHydra, let size = number("PMI_SIZE") { return size > 1 ? (Self.hydra, size, true, []) : nil }
    if let tasks = tasksOfStep, tasks > 1 {
      return ("srun", tasks, sizeOfStep == tasks, ["SLURM_PROCID", "SLURM_STEP_ID", "SLURM_STEPID"])
    }
    for kind in Self.kinds where isWitnessed(kind) {
      let rank = number(kind.rank)
      let size = rank != nil || !kind.isLeftToShells ? kind.size.flatMap(number) ?? 0 : 0
      // A process with a number above 0 is not alone.
      let least = max(size, (rank ?? 0) + 1)
      if least > 1 { return (kind.name, least, size == least, kind.witness.map { [$0.name] } ?? []) }
    }
    return nil
  }

  private func isWitnessed(_ kind: Kind) -> Bool {
    guard let (name, least) = kind.witness else { return true }
    guard let least else { return variables[name] != nil }
    return number(name).map { $0 >= least } ?? false
  }

  /// The number of tasks of the step, else of the job; it counts only in a step's own processes.
  private var sizeOfStep: Int? {
    number("SLURM_STEP_NUM_TASKS") ?? number("SLURM_NTASKS") ?? number("SLURM_NPROCS")
  }

  /// The number of tasks of this process's Slurm step; nil in a batch script or a shell of `salloc`, which have the
  /// job's numbers in their environment but are not tasks of a step.
  private var tasksOfStep: Int? {
    let task = number("SLURM_PROCID") ?? 0
    // Such shells are task 0.
    guard let step = number("SLURM_STEP_ID") ?? number("SLURM_STEPID") else {
      return task > 0 ? task + 1 : nil
    }
    // Slurm's own steps: an interactive shell, a batch script, processes outside of any step.
    guard step < 0xFFFF_FFF0 else { return nil }
    return max(sizeOfStep ?? 1, task + 1)
  }

  /// The error if MPI, or this process without MPI, sees fewer ranks (`size`) than were started. `version`: the MPI
  /// that the binary uses, by name.
  package func disagreement(size: Int, library: MPILibrary, version: String) -> LaunchError? {
    guard let (launcher, least, isExact, given) = several, least > size else { return nil }
    let start =
      launcher == "srun"
      ? "Start them with \(library.srun), or with mpirun"
      : "Start them with the mpirun (under Slurm also \(library.srun)) of the MPI that this binary uses, \(version)"
    let alone =
      given.isEmpty
      ? ""
      : ". For a training of one process in each task: env\(given.reduce("") { "\($0) -u \($1)" }) lockstep"
    return LaunchError(
      description:
        "\(launcher) started this process as one of \(isExact ? "" : "at least ")\(least), but it finds "
        + "\(size == 1 ? "itself alone" : "\(size) ranks"): each would train by itself. \(start)\(alone)")
  }

  private func number(_ name: String) -> Int? { variables[name].flatMap { Int($0) } }
}

/// Ranks were started in a way that does not make them one job.
public struct LaunchError: Error, CustomStringConvertible, Sendable {
  public let description: String
}
