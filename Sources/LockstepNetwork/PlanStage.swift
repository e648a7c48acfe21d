/// What a pass computes at a time.
enum PlanStage: Sendable {
  /// Consecutive units that work sample by sample, and the number of the first.
  case rowwise([any RowwiseLayer], first: Int)
  /// Another unit and its number.
  case divided(any DividedLayer, Int)
  case normalized(any MicroBatchLayer, Int)
  case merged(any MergingLayer, Int)

  var range: Range<Int> {
    switch self {
    case .rowwise(let layers, let first): first..<first + layers.count
    case .divided(_, let number), .normalized(_, let number), .merged(_, let number): number..<number + 1
    }
  }

  static func stages(of units: [PlanUnit], together: Bool) -> [PlanStage] {
    units.enumerated().reduce(into: []) { stages, next in
      switch next.element.layer.passes {
      case .byFeatures(let layer): stages.append(.divided(layer, next.offset))
      case .byMicroBatches(let layer): stages.append(.normalized(layer, next.offset))
      case .merging(let layer): stages.append(.merged(layer, next.offset))
      case .byRows(let layer):
        if together, next.element.followsAlone, case .rowwise(let before, let first)? = stages.last {
          stages[stages.count - 1] = .rowwise(before + [layer], first: first)
        } else {
          stages.append(.rowwise([layer], first: next.offset))
        }
      }
    }
  }
}
