import Foundation
import MPI
import Testing

/// The MPI library of this build, and how tests start ranks with it.
enum Library {
  static let isOpenMPI = MPILibrary.current == .openMPI

  /// Why a test is not run with MPICH.
  static let onlyOpenMPI: Comment = "is about Open MPI's own files or options, and this build uses MPICH"

  /// The name of its mpirun. Where both libraries are installed (Debian), MPICH's has a name of its own.
  static let launcher = isOpenMPI || path(of: "mpirun.mpich") == nil ? "mpirun" : "mpirun.mpich"

  /// What tests start ranks by. MPICH's mpirun may lose their status, and writes of killed ranks among the results:
  /// `scripts/launch` sees to that.
  static let mpirun = isOpenMPI ? launcher : Repository.root + "/scripts/launch"

  /// The other library's, where that is installed too.
  static let othersMpirun = isOpenMPI ? path(of: "mpirun.mpich") : path(of: "mpirun.openmpi")

  /// Its name in messages.
  static let name = isOpenMPI ? "Open MPI" : "MPICH"

  /// Where scripts build with it.
  static let scratch = isOpenMPI ? ".build" : ".build/mpich"

  static let sharedMemoryVariable = MPILibrary.current.sharedMemoryVariable

  /// A shell command that prints the process numbers of the ranks that have a path among their arguments.
  static func ranks(with path: String) -> String {
    "ps -eo pid,comm,args | awk '$2 == \"lockstep\" && index($0, \"\(path)\") { print $1 }'"
  }

  private static func path(of program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
      .first(where: FileManager.default.isExecutableFile(atPath:))
  }
}
