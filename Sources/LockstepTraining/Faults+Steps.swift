import LockstepNetwork
import LockstepSupport
import PlatformC

/// Faults in a step of this process.
///
/// - `LOCKSTEP_FAULT_SIGNAL=SIGNAL:STEP` (two numbers): the process sends itself the signal.
/// - `LOCKSTEP_FAULT_SLOW=SECONDS:STEP`: the step takes that much longer.
/// - `LOCKSTEP_FAULT_BIT_FLIP=TENSOR:STEP`: flips a bit of the parameter tensor of this name.
extension Faults {
  private static let signalFault = stepFault("LOCKSTEP_FAULT_SIGNAL")
  private static let slowFault = stepFault("LOCKSTEP_FAULT_SLOW")
  private static let flipFault = stepFault("LOCKSTEP_FAULT_BIT_FLIP")

  /// Injects this step's faults.
  package static func strike(at step: Int, _ parameters: Parameters) {
    // To this thread: another one might receive a signal to the process only when the step has ended.
    if let fault = signalFault, fault.step == step, let number = Int32(fault.what) { raise(number) }
    if let fault = slowFault, fault.step == step, let seconds = UInt32(fault.what) { sleep(seconds) }
    if let fault = flipFault, fault.step == step,
      let tensor = parameters.network.savedTensors.first(where: { $0.name == fault.what })
    {
      // The highest bit of the significand: no later update rounds it away.
      let element = parameters.pointer + tensor.flatIndex(tensor.count / 2)
      element.pointee = Float(bitPattern: element.pointee.bitPattern ^ 1 << 22)
    }
  }
}
