import LockstepData

/// Consecutive layers that work sample by sample. A block of samples goes through all of them before the next block: a
/// layer's output is still in the core's cache when the next layer reads it, and the threads wait for each other once a
/// pass instead of once a layer.
struct RowwiseChain {
  /// A layer with its inputs and outputs.
  struct Link {
    let layer: any RowwiseLayer
    let x: Activations
    let y: Activations
    let parameters: UnsafePointer<Float>
    var dy: Activations?
    var dx: Activations?
  }

  private let links: [Link]
  private let pass: Pass
  /// Whether rows are added to the weight gradients while they are in the cache.
  private let sumsInBlocks: Bool
  /// About half of the second-level cache of today's cores, in floats.
  private static let blockFloats = 1 << 17
  /// The least work that is worth handing to a thread, in floats.
  private static let grainFloats = 1 << 10

  init(_ links: [Link], pass: Pass, sumsInBlocks: Bool) {
    self.links = links
    self.pass = pass
    self.sumsInBlocks = sumsInBlocks
  }

  func forward() {
    let layers = zip(links, passes).map {
      $0.layer.rowwiseForward($0.x, to: $0.y, parameters: $0.parameters, pass: $1)
    }
    splitRows {
      for rows in blocks(of: $0, floatsPerSample) { for forward in layers { forward(rows) } }
    }
  }

  /// Calls `handOn` with a function that sums a layer's weight gradient, the last layer's first. `handOn` must call it
  /// before it returns.
  func backward(_ handOn: (_ link: Int, _ sum: @escaping (GradientSlice) -> Bool) -> Void) {
    let layers = zip(links, passes).map { Backward($0, pass: $1) }
    let chains = pass.microBatches.chains
    let areAdded = sumsInBlocks && canShare(chains, layers.compactMap(\.weights))
    if areAdded {
      pass.team.split(chains.count, pieces: chains.count) {
        for chain in $0 { backward(layers, chain, rows: chains[chain]) }
      }
    } else {
      splitRows {
        for rows in blocks(of: $0, 2 * floatsPerSample) {
          for layer in layers.reversed() { layer.inputGradient(rows, layer.dy, layer.dx) }
        }
      }
    }
    for (link, layer) in layers.enumerated().reversed() {
      guard let weights = layer.weights else { continue }
      handOn(link) { areAdded ? weights.finish(into: $0) : weights.run(dy: layer.dy, into: $0) }
    }
  }

  /// Whether threads can take whole chains through all layers: there must be room for the sums, and the chains must
  /// divide evenly over the threads or be so many that it makes no difference.
  private func canShare(_ chains: [Range<Int>], _ weights: [any RowwiseWeightGradient]) -> Bool {
    let threads = pass.team.count
    return !weights.isEmpty && weights.allSatisfy(\.canAdd)
      && (chains.count % threads == 0 || chains.count >= 4 * threads)
  }

  /// The whole backward pass of one chain's rows. Gradients between layers are needed within a block only: all blocks
  /// use the memory of the first, so that it stays in the cache.
  private func backward(_ layers: [Backward], _ chain: Int, rows: Range<Int>) {
    for block in blocks(of: rows, 2 * floatsPerSample) {
      let shift = rows.lowerBound - block.lowerBound
      for (i, layer) in layers.enumerated().reversed() {
        let dy = i == layers.count - 1 ? layer.dy : layer.dy.dropping(rows: shift)
        let dx = i == 0 ? layer.dx : layer.dx?.dropping(rows: shift)
        layer.inputGradient(block, dy, dx)
        layer.weights?.add(block, dy: dy, to: chain)
      }
      pass.team.breathe()
    }
  }

  /// A layer's backward pass, with everything that is the same for all rows.
  private struct Backward {
    let dy: Activations
    let dx: Activations?
    let inputGradient: (Range<Int>, Activations, Activations?) -> Void
    let weights: (any RowwiseWeightGradient)?

    init(_ link: Link, pass: Pass) {
      (dy, dx) = (link.dy!, link.dx)
      inputGradient = link.layer.inputGradient(
        x: link.x, y: link.y, parameters: link.parameters, wantsDX: dx != nil, pass: pass)
      weights = link.layer.weightGradient(x: link.x, parameters: link.parameters, pass: pass)
    }
  }

  /// The pass with separate scratch memory for each layer.
  private var passes: [Pass] {
    var next = pass.scratch
    return links.map { link in
      defer { next += link.layer.scratchCount(rows: pass.rows) }
      return pass.with(scratch: next)
    }
  }

  private var floatsPerSample: Int { links.reduce(0) { $0 + $1.x.stride + $1.y.stride } }

  private func splitRows(_ body: @escaping (Range<Int>) -> Void) {
    pass.team.split(pass.rows, grain: Self.grainFloats / floatsPerSample, body)
  }

  private func blocks(of rows: Range<Int>, _ floatsPerSample: Int) -> some Sequence<Range<Int>> {
    let count = max(Self.blockFloats / floatsPerSample, 1)
    return stride(from: rows.lowerBound, to: rows.upperBound, by: count).lazy.map {
      $0..<min($0 + count, rows.upperBound)
    }
  }
}
