import LockstepCore
import Testing

/// What climate models test of the same promise: nothing of an earlier step stays in memory, and powers of two go
/// through a linear layer without a trace.
@Suite struct CarriedOverTests {
  /// Memory full of NaN before a step changes nothing.
  @Test(arguments: FusionPlanTests.networks, [FusionPlan.Style.fused, .plain])
  func memoryOfBefore(network: ([Int], String), style: FusionPlan.Style) throws {
    let problem = Problem(network.0, network.1, samples: 23)
    for threads in [1, 3] {
      let clean = try problem.step(microBatches: 5, threads: threads, style: style)
      let found = try problem.step(microBatches: 5, threads: threads, style: style, isPoisoned: true)
      #expect(found.bits == clean.bits && found.failures.isEmpty, "\(threads) threads")
    }
  }

  /// Inputs times 2^k and the first layer's weights times 2^-k give the same logits and gradients after it, to the bit.
  @Test(
    arguments: FusionPlanTests.networks.filter { $0.1.hasPrefix("dense") || $0.1.hasPrefix("conv") },
    [-20, -3, 1, 17])
  func powersOfTwo(network: ([Int], String), k: Int) throws {
    let problem = Problem(network.0, network.1, samples: 11)
    let (plain, scaled) = (
      try problem.step(), try problem.scaled(by: Float(sign: .plus, exponent: k, significand: 1)).step()
    )
    #expect(Bits(Array(plain.logits.joined())) == Bits(Array(scaled.logits.joined())))
    #expect(plain.loss == scaled.loss)
    #expect(plain.gradient.dropFirst() == scaled.gradient.dropFirst())
  }
}
