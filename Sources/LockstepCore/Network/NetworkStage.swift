/// What a network's pass takes at a time.
enum NetworkStage {
  /// Layers in a row that work on every sample by itself, and the number of the first.
  case rowwise([any RowwiseLayer], first: Int)
  /// Another layer and its number.
  case single(any Layer, Int)

  var range: Range<Int> {
    switch self {
    case .rowwise(let layers, let first): first..<first + layers.count
    case .single(_, let number): number..<number + 1
    }
  }

  static func stages(of layers: [any Layer]) -> [NetworkStage] {
    layers.enumerated().reduce(into: []) { stages, next in
      guard let layer = next.element as? any RowwiseLayer else {
        stages.append(.single(next.element, next.offset))
        return
      }
      if case .rowwise(let before, let first) = stages.last {
        stages[stages.count - 1] = .rowwise(before + [layer], first: first)
      } else {
        stages.append(.rowwise([layer], first: next.offset))
      }
    }
  }
}
