extension BatchNorm {
  struct Form: LayerForm {
    static let keyword = "batchnorm"
    static let parts: [FormPart<Form>] = [
      .optional("momentum", .fraction("M"), \.momentum, default: { _ in 0.1 }),
      .optional("eps", .positive("E"), \.epsilon, default: { _ in 1e-5 }),
    ]
    static let examples = ["batchnorm", "batchnorm momentum 0.25 eps 0.001"]
    var momentum = 0.1, epsilon = 1e-5

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      try network.requireLearnable()
      try network.count(inputs: 1, outputs: network.layout.shape[0])
      return BatchNorm(network.layout, momentum: momentum, epsilon: epsilon)
    }
  }
}

extension LayerSpecification {
  /// 'batchnorm': each channel less its mean over its deviation in the micro-batch, times a weight, plus a bias; the
  /// shape stays. `momentum`, from 0 to 1, is the part of a step's statistics in the running ones, which evaluation
  /// takes; `epsilon`, above 0, is added to variances.
  public static func batchNorm(momentum: Double = 0.1, epsilon: Double = 1e-5) -> Self {
    Self(BatchNorm.Form(momentum: momentum, epsilon: epsilon))
  }
}
