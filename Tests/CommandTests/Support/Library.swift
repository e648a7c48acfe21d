import Foundation
import MPI
import Testing

/// The MPI library of this build, and how tests start ranks with it.
enum Library {
  static let isOpenMPI = MPILibrary.current == .openMPI

  /// Why a test is not run with MPICH.
  static let onlyOpenMPI: Comment = "is about Open MPI's own files or options, and this build uses MPICH"

  /// Its mpirun. Where both libraries are installed (Debian), MPICH's has a name of its own.
  static let mpirun = isOpenMPI || path(of: "mpirun.mpich") == nil ? "mpirun" : "mpirun.mpich"

  /// The other library's, where that is installed too.
  static let othersMpirun = isOpenMPI ? path(of: "mpirun.mpich") : path(of: "mpirun.openmpi")

  /// Its name in messages.
  static let name = isOpenMPI ? "Open MPI" : "MPICH"

  /// Where scripts build with it.
  static let scratch = isOpenMPI ? ".build" : ".build/mpich"

  static let sharedMemoryVariable = MPILibrary.current.sharedMemoryVariable

  /// The status of its mpirun after a rank was killed.
  static let statusOfAKill: Int32 = isOpenMPI ? 137 : 9

  /// A shell command that prints the process numbers of the ranks of an mpirun: MPICH's has a proxy between.
  static func ranks(of mpirun: String) -> String {
    isOpenMPI ? "pgrep -P \(mpirun) lockstep" : "pgrep -P \"$(pgrep -P \(mpirun))\" lockstep"
  }

  private static func path(of program: String) -> String? {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
      .first(where: FileManager.default.isExecutableFile(atPath:))
  }
}
