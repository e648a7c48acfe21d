/// Images as vectors in PyTorch's order: `[rows, channels, h, w] -> [rows, channels h w]`. Nothing is computed: the
/// memory stays as it is, and the next layer addresses the features by their canonical numbers.
struct Flatten: LayerForm {
  static let keyword = "flatten"

  func makeLayer(in network: inout NetworkBuilder) -> (any Layer)? {
    network.layout = network.layout.flattened
    return nil
  }
}

extension LayerSpecification {
  /// 'flatten': `[channels, h, w] -> [channels h w]`.
  public static var flatten: Self { Self(Flatten()) }
}
