import LockstepData
import LockstepRanks
import LockstepSupport

extension RunListener {
  /// Reports a dataset's notes and warnings on rank 0. `heldBack` are training samples that are not trained on.
  func warn(of dataset: Dataset, heldBack: [Int] = [], _ collective: any Collective) {
    guard collective.rank == 0 else { return }
    for text in dataset.notes { tell("lockstep: \(oneLine(text))") }
    for text in dataset.warnings(heldBack: heldBack) { warn(oneLine(text)) }
  }
}
