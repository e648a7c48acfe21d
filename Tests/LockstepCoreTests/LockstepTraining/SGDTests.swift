import CKernels
import LockstepCore
import Testing

@Suite(.serialized) struct SGDTests {
  struct Options: Sendable {
    var momentum: Float = 0
    var weightDecay: Float = 0
    var nesterov = false
  }

  static let options = [
    Options(), Options(momentum: 0.9), Options(weightDecay: 0.01), Options(momentum: 0.9, weightDecay: 0.01),
    Options(momentum: 0.5, weightDecay: 0.1, nesterov: true),
  ]
  private static let count = 48

  /// Weights after five steps, each with a gradient of its own, the elements in the parts given.
  private func run(_ options: Options, exact: Bool, parts: [Range<Int>] = [0..<count]) -> [Float] {
    var numbers = Numbers(seed: 4)
    var weights = numbers.floats(Self.count)
    var velocity = [Float](repeating: 0, count: Self.count)
    for _ in 0..<5 {
      let gradient = numbers.floats(Self.count)
      for part in parts {
        velocity.withUnsafeMutableBufferPointer { velocity in
          weights.withUnsafeMutableBufferPointer { weights in
            var update = kernel_update()
            update.kind = KERNEL_SGD
            update.learning_rate = 0.05
            update.momentum = options.momentum
            update.weight_decay = options.weightDecay
            update.nesterov = options.nesterov
            update.weights = weights.baseAddress
            update.first = options.momentum == 0 ? nil : velocity.baseAddress
            let elements = kernel_range(begin: part.lowerBound, end: part.upperBound)
            gradient.map(Double.init).withUnsafeBufferPointer { doubles in
              gradient.withUnsafeBufferPointer { floats in
                var (exacts, fasts) = (doubles.baseAddress, floats.baseAddress)
                if exact {
                  kernel_apply_update(&update, &exacts, nil, 1, elements)
                } else {
                  kernel_apply_update(&update, nil, &fasts, 1, elements)
                }
              }
            }
          }
        }
      }
    }
    return weights
  }

  /// The formulas of torch.optim.SGD in Double.
  private func reference(_ options: Options) -> [Double] {
    var numbers = Numbers(seed: 4)
    var weights = numbers.floats(Self.count).map(Double.init)
    var velocity = [Double](repeating: 0, count: Self.count)
    for _ in 0..<5 {
      for (i, gradient) in numbers.floats(Self.count).enumerated() {
        let g = Double(gradient) + Double(options.weightDecay) * weights[i]
        velocity[i] = Double(options.momentum) * velocity[i] + g
        weights[i] -= 0.05 * (options.nesterov ? g + Double(options.momentum) * velocity[i] : velocity[i])
      }
    }
    return weights
  }

  @Test(arguments: options, [true, false])
  func isTheReference(options: Options, exact: Bool) {
    #expect(relativeError(run(options, exact: exact).map(Double.init), reference(options)) < 1e-6)
  }

  @Test(arguments: options)
  func noSplitOrBuildChangesABit(options: Options) {
    let expected = Bits(run(options, exact: true))
    for name in ISA.names {
      for parts in [[0..<48], [0..<16, 16..<48], [32..<48, 16..<32, 0..<16]] {
        #expect(ISA.with(name) { Bits(run(options, exact: true, parts: parts)) } == expected)
      }
    }
  }

  /// The optimizer itself: its threads split the elements, and its velocity lives from step to step.
  @Test func threadsChangeNoBit() throws {
    let network = Network(inputShape: [500], specification: [.dense(outputs: 150)])
    func train(threads: Int) throws -> UInt64 {
      let parameters = Parameters(network, seed: 1)
      let sgd = SGD(paddedParameterCount: network.paddedParameterCount, momentum: 0.9, weightDecay: 0.01)
      let gradient = GradientSum(
        paddedParameterCount: network.paddedParameterCount, microBatches: 1, reduction: .fast)
      guard case .fast(let slice) = gradient.slice(at: 0) else { return 0 }
      let team = try ThreadTeam(count: threads)
      for step in 0..<3 {
        for i in 0..<network.paddedParameterCount { slice[i] = Float((i + step) % 17) / 17 }
        sgd.update(of: parameters, step: step + 1, learningRate: 0.1)
          .apply(gradient, count: parameters.count, team: team)
      }
      return parameters.digest
    }
    let digests = try [1, 2, 3, 7].map(train)
    #expect(Set(digests).count == 1)
    #expect(digests[0] != Parameters(network, seed: 1).digest)
  }
}
