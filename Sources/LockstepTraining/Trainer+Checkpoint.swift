import LockstepNetwork
import LockstepSupport

extension Trainer {
  /// Copies the content of a checkpoint, and returns a function that makes one of the copies on any thread. On rank 0.
  ///
  /// The copies are safe although the node's ranks may share this memory and proceed: no rank updates parameters or
  /// moments before all of the node's ranks, this one included, have reached the barrier in `Replicas.finish` of the
  /// next step.
  func snapshot() -> () -> Checkpoint {
    let (state, recipe, digest, network) = (state, recipe, dataset.checksum, network)
    let weights = weightParts.compactMap { prefix, values in values.map { (prefix, $0) } }
    let moments = zip(
      Self.momentNames, replicas.optimizer.moments.map { Parameters(network, moment: $0.pointer) })
    let scales = replicas.scales.map {
      NamedTensor(name: Self.scalesName, shape: [$0.largest.count], values: $0.largest)
    }
    return {
      Checkpoint(
        state: state, recipe: recipe, datasetDigest: digest,
        tensors: Self.named(weights, network.savedTensors) + Self.named(Array(moments), network.tensors)
          + [scales].compactMap { $0 })
    }
  }

  /// The weights in a checkpoint by the prefixes of their names, copied; nil for those that there are none of.
  private var weightParts: [(String, Parameters?)] {
    [
      ("", parameters.copy), (Self.averagePrefix, averagedParameters?.copy), (Self.bestPrefix, best),
      (Self.bestPrefix + Self.averagePrefix, bestAveraged),
    ]
  }

  /// Those prefixes.
  private func weightPrefixes(hasBest: Bool) -> [String] {
    let current = [""] + (recipe.averagesWeights ? [Self.averagePrefix] : [])
    return current + (hasBest ? current.map { Self.bestPrefix + $0 } : [])
  }

  private static let bestPrefix = "best."
  static let averagePrefix = "ema."

  private static func named(_ parts: [(String, Parameters)], _ tensors: [ParameterTensor]) -> [NamedTensor] {
    parts.flatMap { prefix, values in
      tensors.map { NamedTensor(name: prefix + $0.name, shape: $0.shape, values: values.values(of: $0)) }
    }
  }

  /// By tensor, the largest magnitude of a micro-batch's gradient (`GradientScales.largest`).
  private static let scalesName = "gradient.largest"

  /// As PyTorch numbers moments: SGD's velocity is a first moment.
  private static let momentNames = ["optimizer.first.", "optimizer.second."]

  /// Replaces initial weights. Collective, with the same values on all ranks, before the first step.
  public func initialize(_ tensors: [(ParameterTensor, [Float])]) throws {
    try fillParameters {
      for (tensor, values) in tensors { parameters.set(tensor, to: values) }
      averagedParameters?.set(to: parameters)
    }
  }

  /// Sets the training to a checkpoint's state. Collective, with the same checkpoint on all ranks. Throws as
  /// `check(_:path:)` does.
  public func restore(_ checkpoint: Checkpoint) throws {
    try check(checkpoint, path: "checkpoint")
    let moments = replicas.optimizer.moments
    try fillParameters {
      parameters.set(to: checkpoint, prefix: "")
      averagedParameters?.set(to: checkpoint, prefix: Self.averagePrefix)
      for tensor in network.tensors {
        for (name, moment) in zip(Self.momentNames, moments) {
          let values = checkpoint[name + tensor.name]
          for (element, value) in values.enumerated() { moment.pointer[tensor.flatIndex(element)] = value }
        }
      }
    }
    replicas.scales?.restore(checkpoint[Self.scalesName])
    state = checkpoint.state
    guard recipe.keepBest, state.convergence.bestEpoch > 0, replicas.fillsParameters else { return }
    best = Parameters(network)
    best?.set(to: checkpoint, prefix: Self.bestPrefix)
    bestAveraged = recipe.averagesWeights ? Parameters(network) : nil
    bestAveraged?.set(to: checkpoint, prefix: Self.bestPrefix + Self.averagePrefix)
  }

  /// Throws `LockstepError` (data) naming `path` if the checkpoint, which must be of the same recipe and dataset
  /// (`Checkpoint.check`), does not fit the network, or is beyond `totalSteps`.
  public func check(_ checkpoint: Checkpoint, path: String) throws {
    let state = checkpoint.state
    guard state.step <= totalSteps else {
      throw LockstepError(
        .data, path, expected: "a checkpoint of at most the \(totalSteps) steps asked for",
        found: "one of step \(state.step)", fix: "Ask for more --epochs or --max-steps, or leave them out")
    }
    func failure(_ expected: String, _ found: String) -> LockstepError {
      LockstepError(
        .data, path, expected: expected, found: found, fix: "Remove the file to go on from the one before")
    }
    guard (0...sampler.stepsPerEpoch).contains(state.stepOfEpoch), state.epoch <= recipe.epochs,
      state.step == state.epoch * sampler.stepsPerEpoch + state.stepOfEpoch,
      state.convergence.bestEpoch <= state.epoch
    else { throw failure("a position within the epochs", "\(state)") }
    let prefixes = weightPrefixes(hasBest: recipe.keepBest && state.convergence.bestEpoch > 0)
    let scales = replicas.scales.map { [(Self.scalesName, [$0.largest.count])] } ?? []
    func names(_ prefixes: some Sequence<String>, _ tensors: [ParameterTensor]) -> [(String, [Int])] {
      prefixes.flatMap { prefix in tensors.map { (prefix + $0.name, $0.shape) } }
    }
    let needed =
      names(prefixes, network.savedTensors)
      + names(Self.momentNames.prefix(replicas.optimizer.moments.count), network.tensors) + scales
    let found = Dictionary(checkpoint.tensors.map { ($0.name, $0.shape) }) { first, _ in first }
    for (name, shape) in needed where found[name] != shape {
      throw failure("tensor \(name) of shape \(shape)", found[name].map { "shape \($0)" } ?? "none")
    }
    guard checkpoint.tensors.count == needed.count else {
      throw failure("\(needed.count) tensors", "\(checkpoint.tensors.count)")
    }
    for tensor in checkpoint.tensors where tensor.values.count != tensor.shape.reduce(1, *) {
      throw failure("tensor \(tensor.name) of shape \(tensor.shape)", "\(tensor.values.count) values")
    }
    for tensor in network.stateTensors {
      for name in prefixes.map({ $0 + tensor.name }) {
        if let odd = tensor.impossible(in: checkpoint[name]) {
          throw failure("variances from 0 in \(name)", "\(odd)")
        }
      }
    }
    let magnitudes = checkpoint[Self.scalesName]
    if !scales.isEmpty, let odd = magnitudes.first(where: { !$0.isFinite || $0 < 0 }) {
      throw failure("magnitudes in \(Self.scalesName)", "\(odd)")
    }
  }

  /// Calls the body on the ranks that write parameters, while none reads. Collective.
  func fillParameters(_ body: () -> Void) throws {
    try collective.nodeBarrier()
    if replicas.fillsParameters { body() }
    try collective.nodeBarrier()
  }
}

extension Parameters {
  /// Replaces all tensors by those of a checkpoint that is known to have them.
  fileprivate func set(to checkpoint: Checkpoint, prefix: String) {
    for tensor in network.savedTensors { set(tensor, to: checkpoint[prefix + tensor.name]) }
  }
}
