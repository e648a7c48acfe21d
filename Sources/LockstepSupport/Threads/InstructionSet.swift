import CKernels
import PlatformC

/// Which build of the kernels runs: the widest that this CPU has, or the one that `LOCKSTEP_ISA` names.
public enum InstructionSet {
  /// All builds, the widest first; not every CPU can run each.
  public static let names = ["avx512", "avx2", "portable"]

  public static func has(_ name: String) -> Bool { kernel_has_isa(name) }

  public static var current: String { String(cString: kernel_isa()) }

  /// Empty it is as good as unset. Throws `LockstepError` (usage) where `LOCKSTEP_ISA` names a build that there is not
  /// or that this CPU cannot run.
  public static func check() throws {
    guard let variable = getenv("LOCKSTEP_ISA"), variable[0] != 0, !kernel_select_isa(variable) else {
      return
    }
    throw LockstepError(
      .usage, "LOCKSTEP_ISA", expected: "avx512, avx2 or portable, as far as this CPU goes",
      found: "'\(String(cString: variable))'", fix: "Leave it unset for the fastest")
  }
}
