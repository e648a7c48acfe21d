import CMPI

/// The kinds of MPI library that Lockstep is built with (`MPI=mpich swift build`), where they differ.
package enum MPILibrary: Sendable {
  case openMPI
  /// MPICH and what descends from it.
  case mpich

  /// The one of this build.
  package static let current: MPILibrary = cmpi_is_open_mpi() ? .openMPI : .mpich

  /// How Slurm starts ranks that this library sees.
  var srun: String {
    switch self {
    case .openMPI: "srun --mpi=pmix"
    case .mpich: "srun --mpi=pmi2"
    }
  }

  /// The variable that names a directory for memory that ranks share: Open MPI's own for the same purpose, where it has
  /// one.
  package var sharedMemoryVariable: String {
    switch self {
    case .openMPI: "OMPI_MCA_osc_sm_backing_directory"
    case .mpich: "LOCKSTEP_SHARED_MEMORY"
    }
  }
}
