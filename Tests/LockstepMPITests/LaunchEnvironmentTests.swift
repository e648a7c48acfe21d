import MPI
import Testing

/// What launchers leave in the environment, and whether a process that finds itself alone is.
@Suite struct LaunchEnvironmentTests {
  struct Start: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let variables: [String: String]
    /// What the refusal of a lone process names; nil where there is none.
    let refusal: [String]?

    init(_ name: String, _ variables: [String: String], refusal: [String]? = nil) {
      testDescription = name
      self.variables = variables
      self.refusal = refusal
    }
  }

  private static let job = [
    "SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_PROCID": "0",
  ]
  private static func step(_ id: String, tasks: Int, task: Int = 0) -> [String: String] {
    job.merging(["SLURM_STEP_ID": id, "SLURM_STEP_NUM_TASKS": "\(tasks)", "SLURM_PROCID": "\(task)"]) { $1 }
  }
  private static let srun = ["srun", "srun --mpi=pmix", "mpirun"]

  static let starts = [
    Start("nothing", ["PATH": "/bin"]),
    Start("srun without PMI", step("0", tasks: 4), refusal: srun + ["one of 4"]),
    Start("its last task", step("0", tasks: 4, task: 3), refusal: srun),
    Start("srun of old names", ["SLURM_STEPID": "2", "SLURM_STEP_NUM_TASKS": "2"], refusal: srun),
    Start(
      "srun that does not tell the step's size", job.merging(["SLURM_STEP_ID": "0"]) { $1 },
      refusal: srun + ["one of 4"]),
    Start(
      "the same of old names", ["SLURM_STEPID": "1", "SLURM_NPROCS": "2", "SLURM_PROCID": "1"],
      refusal: srun + ["one of 2"]),
    Start("a step of unknown size", ["SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_PROCID": "0"]),
    Start("a batch step of unknown size", job.merging(["SLURM_STEP_ID": "4294967291"]) { $1 }),
    Start("a task of unknown siblings", ["SLURM_JOB_ID": "7", "SLURM_PROCID": "2"], refusal: ["at least 3"]),
    Start("srun -n 1", step("3", tasks: 1)),
    Start("an sbatch script", job),
    Start("its batch step by number", step("4294967291", tasks: 4)),
    Start("a shell of salloc", ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "4"]),
    Start("an interactive step", step("4294967290", tasks: 4)),
    Start("a task whose numbers were taken away", ["SLURM_JOB_ID": "7", "SLURM_STEP_NUM_TASKS": "4"]),
    Start(
      "srun --mpi=pmi2", step("0", tasks: 4).merging(["PMI_RANK": "0", "PMI_SIZE": "4"]) { $1 }, refusal: srun
    ),
    Start(
      "mpirun", ["OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0"],
      refusal: ["Open MPI's mpirun", "one of 2"]),
    Start("mpirun -np 1", ["OMPI_COMM_WORLD_SIZE": "1", "OMPI_COMM_WORLD_RANK": "0"]),
    Start(
      "mpirun -np 1 in a step of srun's", step("0", tasks: 4).merging(["OMPI_COMM_WORLD_SIZE": "1"]) { $1 }),
    Start(
      "MPICH", ["PMI_RANK": "1", "PMI_SIZE": "3", "PMI_FD": "6"],
      refusal: ["the mpirun of MPICH", "one of 3", "MPI 4.0"]),
    Start(
      "MPICH in a step of srun's",
      step("0", tasks: 4).merging(["PMI_RANK": "0", "PMI_SIZE": "1", "MPI_LOCALNRANKS": "1"]) { $1 }),
    Start("MPICH alone", ["PMI_RANK": "0", "PMI_SIZE": "1", "MPI_LOCALNRANKS": "1"]),
    Start("Intel MPI", ["MPI_LOCALNRANKS": "2", "MPI_LOCALRANKID": "0"], refusal: ["mpirun"]),
    Start("MVAPICH", ["MV2_COMM_WORLD_RANK": "0", "MV2_COMM_WORLD_SIZE": "8"], refusal: ["one of 8"]),
    Start("PALS", ["PALS_RANKID": "5"], refusal: ["PALS", "at least 6"]),
    Start("aprun", ["ALPS_APP_PE": "1"], refusal: ["aprun"]),
    Start("jsrun", ["JSM_NAMESPACE_RANK": "0", "JSM_NAMESPACE_SIZE": "6"], refusal: ["jsrun"]),
    Start("flux", ["FLUX_TASK_RANK": "0", "FLUX_JOB_SIZE": "6"], refusal: ["flux"]),
    Start("a shell of flux", ["FLUX_JOB_SIZE": "6"]),
    Start(
      "torchrun", ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "localhost"],
      refusal: ["torchrun", "one of 2", "mpirun", "env -u MASTER_ADDR"]),
    Start("torchrun of one", ["RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "localhost"]),
    Start("somebody's own numbers", ["RANK": "3", "WORLD_SIZE": "8"]),
    Start("a shell for torchrun", ["WORLD_SIZE": "8", "MASTER_ADDR": "node1"]),
    Start(
      "pbsdsh", ["PBS_TASKNUM": "3", "PBS_VNODENUM": "1", "PBS_NODENUM": "0"],
      refusal: ["pbsdsh", "at least 2", "mpirun", "env -u PBS_TASKNUM"]),
    Start("pbsdsh of PBS Pro", ["PBS_TASKNUM": "536870914", "PBS_NODENUM": "2"], refusal: ["at least 3"]),
    Start("a script of PBS", ["PBS_TASKNUM": "1", "PBS_VNODENUM": "0", "PBS_NODENUM": "0"]),
    Start("pbsdsh on the first node", ["PBS_TASKNUM": "2", "PBS_VNODENUM": "0", "PBS_NODENUM": "0"]),
    Start("PMIx", ["PMIX_RANK": "2"], refusal: ["PMIx", "at least 3"]),
    Start("empty and odd values", ["PMI_SIZE": "", "PMI_RANK": "x", "SLURM_STEP_ID": ""]),
  ]

  @Test(arguments: starts) func aloneProcess(start: Start) {
    let error = LaunchEnvironment(start.variables).disagreement(
      size: 1, library: .openMPI, version: "MPI 4.0")
    #expect((error != nil) == (start.refusal != nil), "\(String(describing: error))")
    for text in start.refusal ?? [] { #expect(error?.description.contains(text) == true, "\(error!)") }
  }

  /// MPI sees what the launcher started.
  @Test(arguments: starts) func allTogether(start: Start) {
    #expect(LaunchEnvironment(start.variables).disagreement(size: 8, library: .openMPI, version: "") == nil)
  }

  /// Slurm starts the ranks of each library in its own way.
  @Test func adviceForTheLibrary() {
    let environment = LaunchEnvironment(Self.step("0", tasks: 4))
    for (library, way) in [(MPILibrary.openMPI, "srun --mpi=pmix"), (.mpich, "srun --mpi=pmi2")] {
      let error = environment.disagreement(size: 1, library: library, version: "")
      #expect(error?.description.contains(way) == true, "\(String(describing: error))")
    }
  }

  @Test func whenMPIStarts() {
    for (name, starts) in [
      ("OMPI_COMM_WORLD_SIZE", true), ("PMIX_RANK", true), ("PMI_RANK", true), ("SLURM_PROCID", false),
    ] {
      #expect(LaunchEnvironment([name: "1"]).startsMPI == starts, "\(name)")
    }
  }
}
