/// Images as vectors in PyTorch's order: `[rows, channels, h, w] -> [rows, channels h w]`. Nothing is computed: the
/// memory stays as it is, and the next layer addresses the features by their canonical numbers.
struct Flatten: LayerForm {
  static let keyword = "flatten"

  func makeLayer(in network: inout NetworkBuilder) -> (any NetworkLayer)? {
    network.layout = network.layout.flattened
    return nil
  }
}

extension OperatorGraph {
  /// Images become vectors where the next operator needs them, which may be later than in the recipe: what is done to
  /// each element in between is the same.
  mutating func flatten() {
    guard shape.count > 1 else { return }
    append("Flatten", [.integer("axis", 1)], shape: [shape.reduce(1, *)])
  }
}

extension LayerSpecification {
  /// 'flatten': `[channels, h, w] -> [channels h w]`.
  public static var flatten: Self { Self(Flatten()) }
}
