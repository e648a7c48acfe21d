import Foundation
import Testing

/// Launchers whose ranks MPI does not see: each process would train alone.
@Suite struct LauncherTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func train(_ environment: [String: String]) throws -> CommandResult {
    try lockstep(
      [
        "train", "--data", scene.data, "--model", "linear", "--max-steps", "1", "--quiet", "--output",
        scene.scratch.file("run"),
      ], environment: environment)
  }

  @Test(arguments: [0, 3]) func srunWithoutPMI(task: Int) throws {
    let result = try train([
      "SLURM_JOB_ID": "7", "SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_NTASKS": "4",
      "SLURM_PROCID": "\(task)",
    ])
    expect(result, status: 64, naming: ["srun", "one of 4", "srun --mpi=pmi", "mpirun"])
    #expect(!FileManager.default.fileExists(atPath: scene.scratch.file("run")))
  }

  /// Those that MPI is started for, and those that it is not.
  @Test(arguments: [
    ["PMI_RANK": "0", "PMI_SIZE": "2", "MPI_LOCALNRANKS": "2"], ["PMI_RANK": "1"],
    ["MV2_COMM_WORLD_RANK": "0", "MV2_COMM_WORLD_SIZE": "2"], ["PALS_RANKID": "1"],
  ]) func anotherMPIsLauncher(variables: [String: String]) throws {
    let result = try train(variables)
    expect(result, status: 64, naming: ["one of ", "itself alone", Library.name])
  }

  /// The real one, of which each process is alone.
  @Test(.enabled(if: Library.othersMpirun != nil, "needs both Open MPI and MPICH")) func theOtherLibrarys()
    throws
  {
    let options = Library.isOpenMPI ? [] : ["--oversubscribe"]
    let result = try Launch.takingTurns {
      try run(
        Library.othersMpirun!, options + ["-np", "2", Repository.lockstep, "doctor"],
        environment: ["OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"])
    }
    #expect(result.status == 64)
    for text in ["one of 2", "Open MPI", "MPICH", "the MPI that this binary uses, \(Library.name)"] {
      #expect(result.errors.contains(text), "\(result.errors)")
    }
  }

  /// What starts one process, and what no launcher started.
  @Test(arguments: [
    ["SLURM_JOB_ID": "7", "SLURM_NTASKS": "4", "SLURM_PROCID": "0"],
    ["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "1", "SLURM_PROCID": "0", "SLURM_NTASKS": "4"],
    ["PMI_RANK": "0", "PMI_SIZE": "1"],
  ]) func aProcessAlone(variables: [String: String]) throws {
    let result = try train(variables)
    #expect(result.status == 0, "\(result.errors)")
  }

  /// mpirun in a job, and in a task, of Slurm's.
  @Test func mpirunInAStep() throws {
    let variables = ["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "1"]
    // mpirun itself would ask Slurm for its nodes.
    let result = try mpirun([
      RankGroup(
        2,
        [
          "train", "--data", scene.data, "--model", "linear", "--max-steps", "1", "--output",
          scene.scratch.file("run"),
        ],
        wrapper: ["env"] + variables.map { "\($0)=\($1)" })
    ])
    #expect(result.status == 0, "\(result.errors)")
  }

  /// Neither help nor version is a training.
  @Test func helpIsNoTraining() throws {
    let result = try lockstep(
      ["--version"], environment: ["SLURM_STEP_ID": "0", "SLURM_STEP_NUM_TASKS": "4"])
    #expect(result.status == 0 && result.errors.isEmpty)
  }
}
