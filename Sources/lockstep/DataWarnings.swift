import LockstepCore

/// Tells on rank 0 what a user should know of a dataset. `heldBack` are training samples that are not trained on.
func warn(of dataset: Dataset, heldBack: [Int] = [], _ collective: any Collective) {
  guard collective.rank == 0 else { return }
  for text in dataset.notes { writeError("lockstep: \(oneLine(text))\n") }
  for text in dataset.warnings(heldBack: heldBack) { writeError("lockstep: warning: \(oneLine(text))\n") }
}
