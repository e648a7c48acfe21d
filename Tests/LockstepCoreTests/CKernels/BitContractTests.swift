import CKernels
import LockstepCore
import Testing

/// The promise that gives Lockstep its name, at the level of one training step: instruction set, threads and ranks
/// change no bit of logits, loss and summed gradient.
@Suite(.serialized) struct BitContractTests {
  static let problems =
    [
      Problem(inputs: 13, layers: [.dense(outputs: 3)], samples: 37),
      Problem(
        inputs: 45, layers: [.dense(outputs: 17), .relu, .dense(outputs: 5), .relu, .dense(outputs: 3)],
        samples: 37),
      // Wide enough that every thread has panels of its own.
      Problem(inputs: 50, layers: [.dense(outputs: 260), .relu, .dense(outputs: 130)], samples: 19),
      // Every layer; inputs of more than one, so that some gradients are too large for the kernels' short cut.
      Problem(
        [2, 9, 8],
        "conv 5 3x3 pad 1, maxpool 2, relu, conv 19 2x2 stride 2 pad 1, dropout2d 0.25, tanh, maxpool 2 stride 1, "
          + "flatten, dense 35, sigmoid, dropout 0.5, relu, dense 6", samples: 14, scale: 9),
      // Planes all the way to the dense layer, and a wide convolution of wide ones.
      Problem([3, 6, 6], "maxpool 3 stride 2, tanh, dropout2d 0.25, dense 4", samples: 14),
      Problem([5, 6], "conv 40 2x2, relu, conv 35 2x2 stride 2, sigmoid, dense 5", samples: 14, scale: 30),
    ] + ExampleNetworks.all.map { Problem($0.shape, $0.layers, samples: 14, scale: 9) }

  @Test(arguments: 0..<problems.count)
  func buildsAndThreads(problem: Int) throws {
    let problem = Self.problems[problem]
    let expected = try problem.step().bits
    for name in ISA.names {
      for threads in [1, 2, 3, 4, 7] {
        let found = try ISA.with(name) { try problem.step(threads: threads).bits }
        #expect(found == expected, "\(name), \(threads) threads")
      }
    }
  }

  @Test(arguments: 0..<problems.count, [1, 4, 9, 12])
  func ranks(problem: Int, microBatches: Int) throws {
    let problem = Self.problems[problem]
    let expected = try problem.step(microBatches: microBatches).bits
    for ranks in [2, 3, 4, 5, 7, 13] {
      let steps = try (0..<ranks).map {
        try problem.step(rank: $0, ranks: ranks, microBatches: microBatches, threads: 1 + $0 % 3)
      }
      #expect(Step.sum(steps).bits == expected, "\(ranks) ranks")
      // The order of the ranks' summands does not matter.
      let (forth, back) = (Step.sum(steps).gradient, Step.sum(steps.reversed()).gradient)
      #expect(Bits(Array(forth.joined())) == Bits(Array(back.joined())))
    }
  }

  /// What decides the bits must decide them: another cut into micro-batches rounds elsewhere.
  @Test func microBatchesAreParameters() throws {
    let problem = Self.problems[1]
    #expect(try problem.step(microBatches: 4).bits != problem.step(microBatches: 5).bits)
  }

  @Test func unknownBuildsAreRefused() {
    let before = String(cString: kernel_isa())
    #expect(!kernel_select_isa("avx1024"))
    #expect(String(cString: kernel_isa()) == before)
    #expect(ISA.names.contains("portable"))
  }

  /// Every elementwise kernel, on numbers of every kind.
  @Test func elementwiseKernels() {
    var numbers = Numbers(seed: 5)
    let x = numbers.awkwardFloats(95) + [.infinity, -.infinity, .nan, -0.0, 1]
    let pixels = (0..<100).map { UInt8($0 * 37 & 255) }
    func run() -> Bits {
      var (relu, loaded, dy) = ([Float](repeating: 9, count: 100), [Float](repeating: 9, count: 100), x)
      let all = kernel_range(begin: 0, end: 100)
      kernel_relu_forward(x, &relu, all)
      kernel_relu_backward(Array(x.reversed()), &dy, all)
      kernel_load_uint8(pixels, &loaded, 100, 1 / 255, -0.4242)
      var (tanh, sigmoid) = (relu, relu)
      kernel_tanh_forward(x, &tanh, 99, 0)
      kernel_sigmoid_forward(x, &sigmoid, 99, 0)
      return Bits(relu + loaded + dy + tanh + sigmoid) + Bits([kernel_magnitude_bits(x, all)])
    }
    let expected = run()
    for name in ISA.names { #expect(ISA.with(name, run) == expected, "\(name)") }
  }
}
