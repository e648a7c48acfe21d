import Foundation
import LockstepCore
import Testing

/// Fusion changes no bit: every network plain and fused, forward and backward, for several thread counts.
@Suite struct FusionPlanTests {
  static let networks =
    GradientCheckTests.shapes.map { ($0.input, $0.layers) } + [
      ([21], "dense 35, relu, dense 4"),
      ([6], "dense 20, relu, dense 37, relu, dense 50, relu, dense 15"),
      ([40], "dense 64, relu, dense 64, relu, dense 64, tanh, dense 17, relu, dense 3"),
      ([7], "dense 90, relu, dense 90, relu, dropout 0.5, dense 30, relu, dense 30"),
      (
        [2, 9, 8],
        "conv 5 3x3 pad 1, relu, maxpool 2, relu, conv 19 2x2, relu, flatten, dense 18, relu, dense 3"
      ),
      ([3, 6, 6], "maxpool 2, relu, sigmoid, relu, flatten, relu, dense 20, relu, relu, dense 2"),
    ] + ExampleNetworks.all

  @Test(arguments: networks, Reduction.allCases)
  func changesNoBit(network: ([Int], String), reduction: Reduction) throws {
    let problem = Problem(network.0, network.1, samples: 23)
    let plain = try problem.step(microBatches: 5, threads: 1, reduction: reduction, style: .plain)
    #expect(plain.fusedCalls == 0)
    for threads in [1, 2, 3, 8] {
      for style in [FusionPlan.Style.plain, .fused] {
        let found = try problem.step(microBatches: 5, threads: threads, reduction: reduction, style: style)
        #expect(found.bits == plain.bits, "\(style), \(threads) threads")
        #expect(found.failures.isEmpty)
        #expect(style == .fused || found.fusedCalls == 0)
      }
    }
  }

  /// The networks reach what can be fused.
  @Test func somethingIsFused() throws {
    let calls = try Self.networks.map { try Problem($0.0, $0.1, samples: 5).step().fusedCalls }
    #expect(calls.count { $0 > 0 } >= calls.count - 1, "\(calls)")
  }

  /// Every layer is in one of the networks as it is.
  @Test func everyLayerIsThere() {
    for example in LayerRegistry.examples {
      #expect(ExampleNetworks.all.contains { $0.layers.contains(example) }, "\(example) fits nowhere")
    }
  }

  @Test func theLastLayersGradientComesFirst() throws {
    let problem = Problem([2, 9, 8], "conv 5 3x3, relu, maxpool 2, dense 18, tanh, dense 3", samples: 6)
    let plan = FusionPlan(problem.network)
    let team = try ThreadTeam(count: 2)
    let collector = GradientCollector(
      GradientSum(
        paddedParameterCount: problem.network.paddedParameterCount, microBatches: 2, reduction: .exact),
      team: team)
    _ = problem.run(
      plan, problem.parameters, Workspace(plan, capacity: 6, learns: true, threads: 2), to: collector,
      shard: problem.shard(microBatches: 2), team: team)
    #expect(collector.order.map { plan.units[$0].name } == ["layers.5", "layers.3", "layers.0"])
  }

  /// Layers know nothing of each other: what is fused is named in the plan, the registry and the layers' own files.
  @Test func onlyThePlanAndTheRegistryNameLayers() throws {
    let allowed = ["LayerRegistry.swift", "FusionPlan.swift", "FusionPlan+Passes.swift"]
    let sources = URL(filePath: #filePath).deletingLastPathComponent().appending(
      path: "../../../Sources")
    let registry = try String(
      contentsOf: sources.appending(path: "LockstepNetwork/LayerRegistry.swift"), encoding: .utf8)
    let layers = Set(
      registry.matches(of: /^ +(?:PlainForm<)?(\w+).*\.self,$/.anchorsMatchLineEndings()).map(\.1))
    #expect(layers.count >= 8 && layers.isSuperset(of: ["Dense", "Flatten", "ReLU"]), "\(layers)")
    let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    var seen = 0
    for case let file as URL in files where file.pathExtension == "swift" {
      seen += 1
      let name = file.lastPathComponent
      guard !allowed.contains(name) else { continue }
      let code = try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map { line in
        String(line).components(separatedBy: "//")[0]
      }.joined(separator: "\n")
      for layer in layers where !name.hasPrefix(layer) {
        // A convolution's gradients have files of their own.
        if layer == "Convolution2D", name.hasPrefix("Convolution") { continue }
        #expect(code.firstMatch(of: try Regex("\\b\(layer)\\b")) == nil, "\(name) names \(layer)")
      }
    }
    #expect(seen > 50)
  }
}
