import LockstepCore

extension FusionPlan {
  /// Fills a workspace with NaN, but for the padding, which every layer keeps at zero.
  func poison(_ workspace: Workspace) {
    let layouts = [network.input] + units.map(\.layer.output)
    for (number, layout) in layouts.enumerated() {
      let places = (0..<layout.features).map(layout.position)
      for values in [workspace.activations[number]] + workspace.gradients.dropFirst(number).prefix(1)
      where values.features > 0 {
        for row in 0..<workspace.capacity {
          for place in places { values.row(row)[place] = .nan }
        }
      }
    }
    for i in 0..<workspace.scratch.count { workspace.scratch.pointer[i] = .nan }
  }
}
