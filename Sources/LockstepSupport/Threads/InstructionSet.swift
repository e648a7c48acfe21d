import CKernels
import PlatformC

/// The build of the kernels in use: the widest that this CPU supports, or the one that `LOCKSTEP_ISA` names.
public enum InstructionSet {
  /// All builds, the widest first; not every CPU supports each.
  package static let names = ["avx512", "avx2", "portable"]

  package static func has(_ name: String) -> Bool { kernel_has_isa(name) }

  /// The name of the build in use, one of `names`.
  public static var current: String { String(cString: kernel_isa()) }

  /// Throws `LockstepError` (usage) if `LOCKSTEP_ISA`, not empty, names a build that does not exist or that this CPU
  /// does not support.
  public static func check() throws {
    guard let variable = getenv("LOCKSTEP_ISA"), variable[0] != 0, !kernel_select_isa(variable) else {
      return
    }
    throw LockstepError(
      .usage, "LOCKSTEP_ISA", expected: "avx512, avx2 or portable, as far as this CPU goes",
      found: "'\(String(cString: variable))'", fix: "Leave it unset for the fastest")
  }
}
