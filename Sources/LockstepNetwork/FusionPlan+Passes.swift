import LockstepData
import LockstepSupport

extension FusionPlan {
  /// The three passes of a training step over `workspace.input`: forward, loss, backward. Returns the loss,
  /// divided by `divisor`, and the number of samples classified correctly; weight gradients go to `sink`.
  package func learn(
    from targets: BatchTargets, _ loss: any BatchLoss, divisor: Double, _ parameters: Parameters,
    _ workspace: Workspace, to sink: any WeightGradientSink, pass: Pass
  ) -> LossSum {
    forward(parameters, workspace, pass: pass)
    let found = evaluate(loss, targets: targets, divisor: divisor, parameters, workspace, pass: pass)
    backward(parameters, workspace, to: sink, pass: pass)
    return found
  }

  /// Fills `workspace.logits` from `workspace.input`. A head that is fused with the loss is left to `evaluate`.
  package func forward(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) {
    note(fused: workspace.input.copies != nil)
    for stage in stages.dropLast(workspace.transposedHead == nil ? 0 : 1) {
      note(fused: units[stage.range].contains(where: \.hasReLU))
      Trace.span("forward " + name(of: stage)) { forward(stage, parameters, workspace, pass) }
    }
  }

  private func forward(
    _ stage: PlanStage, _ parameters: Parameters, _ workspace: Workspace, _ pass: Pass
  ) {
    switch stage {
    case .rowwise(let layers, let first):
      chain(layers, from: first, parameters, workspace, pass).forward()
    case .divided(let layer, let i):
      layer.forward(
        workspace.activations[units[i].input], to: workspace.activations[i + 1],
        parameters: parameters.pointer + units[i].offset, pass: pass)
    case .normalized(let layer, let i):
      layer.forward(
        workspace.activations[units[i].input], to: workspace.activations[i + 1],
        parameters: parameters.pointer + units[i].offset, slots: slots(of: i, pass), pass: pass)
    case .merged(let layer, let i):
      let (inputs, y) = (
        units[i].edges.map { workspace.activations[$0.activation] }, workspace.activations[i + 1]
      )
      pass.team.split(pass.rows) { layer.forward(inputs, to: y, rows: $0) }
    }
  }

  /// Where a unit leaves the statistics of micro-batches. Only training asks for them.
  private func slots(of unit: Int, _ pass: Pass) -> StatisticsSlots {
    guard let statistics = pass.statistics else { preconditionFailure("no place for statistics") }
    return statistics.advanced(by: network.stateOffsets[units[unit].layers.lowerBound])
  }

  /// That of its first layer.
  private func name(of stage: PlanStage) -> String { units[stage.range.lowerBound].name }

  /// The loss over the pass's rows, after `forward`. Fills `workspace.logitsGradient`; a head that is fused with the
  /// loss first computes the logits, and then takes their gradient back through itself.
  package func evaluate(
    _ loss: any BatchLoss, targets: BatchTargets, divisor: Double, _ parameters: Parameters,
    _ workspace: Workspace, pass: Pass
  ) -> LossSum {
    let head = fusedHead(parameters, workspace, pass: pass)
    note(fused: head != nil)
    head?.renewWeights()
    Trace.span("loss") {
      pass.team.splitByThread(pass.rows, grain: head == nil ? 32 : FusedHead.grain) { rows, thread in
        head?.forward(rows, thread: thread)
        loss.evaluate(
          rows, outputs: workspace.logits, targets: targets, divisor: divisor,
          gradient: workspace.gradients.isEmpty ? nil : workspace.logitsGradient)
        head?.backward(rows, thread: thread)
      }
    }
    return loss.total(rows: pass.rows, divisor: divisor)
  }

  /// Back-propagates `workspace.logitsGradient`, after `evaluate`, and hands the weight gradients to `sink`.
  package func backward(
    _ parameters: Parameters, _ workspace: Workspace, to sink: any WeightGradientSink, pass: Pass
  ) {
    for stage in stages.reversed() where stage.range.upperBound > firstLearning {
      Trace.span("backward " + name(of: stage)) { backward(stage, parameters, workspace, to: sink, pass) }
    }
  }

  private func backward(
    _ stage: PlanStage, _ parameters: Parameters, _ workspace: Workspace, to sink: any WeightGradientSink,
    _ pass: Pass
  ) {
    switch stage {
    case .rowwise(let layers, let first):
      let from = max(first, firstLearning)
      chain(Array(layers.dropFirst(from - first)), from: from, parameters, workspace, pass)
        .backward { sink.add(job(from + $0, .immediate($1), pass)) }
      workspace.gather(units[from], from, pass)
    case .divided(let layer, let i):
      let x = workspace.activations[units[i].input]
      if workspace.transposedHead == nil || i < units.count - 1 {
        inputGradient(of: layer, i, parameters, workspace, pass)
        workspace.gather(units[i], i, pass)
      }
      sink.add(job(i, .divided(layer, x: x, dy: workspace.gradients[i + 1]), pass))
    case .normalized(let layer, let i):
      let sum = layer.backward(
        x: workspace.activations[units[i].input], y: workspace.activations[i + 1],
        dy: workspace.gradients[i + 1], dx: workspace.inputGradient(units[i], i),
        parameters: parameters.pointer + units[i].offset, slots: slots(of: i, pass), pass: pass)
      workspace.gather(units[i], i, pass)
      sink.add(job(i, .immediate(sum), pass))
    case .merged(let layer, let i):
      let (y, dy) = (workspace.activations[i + 1], workspace.gradients[i + 1])
      let gradients = units[i].edges.map { edge in
        edge.wantsGradient
          ? MergedGradient(dx: workspace.gradients[edge.activation], adds: edge.adds) : nil
      }
      pass.team.split(pass.rows) { layer.backward(y: y, dy: dy, to: gradients, rows: $0) }
    }
  }

  private func inputGradient(
    of layer: any DividedLayer, _ i: Int, _ parameters: Parameters, _ workspace: Workspace, _ pass: Pass
  ) {
    let (x, masks) = (workspace.activations[units[i].input], units[i].masks)
    let (dx, weights) = (workspace.inputGradient(units[i], i), parameters.pointer + units[i].offset)
    note(fused: masks != GradientMasks())
    // The head has done the first part.
    if workspace.transposedHead != nil, i == units.count - 2, transposesBelowHead(i) {
      return layer.transposedInputGradient(
        x: x, dx: dx!, parameters: weights, masks: masks, pass: pass)
    }
    layer.inputGradient(
      x: x, y: workspace.activations[i + 1], dy: workspace.gradients[i + 1],
      dx: dx, parameters: weights, masks: masks, pass: pass)
  }

  private func job(_ i: Int, _ work: WeightGradientJob.Work, _ pass: Pass) -> WeightGradientJob {
    WeightGradientJob(
      layer: i, parameters: units[i].parameters, microBatches: pass.microBatches, work: work)
  }

  /// The head with the memory of this pass; nil without a head, or if the workspace is not for learning.
  private func fusedHead(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) -> FusedHead? {
    guard let head, let transposed = workspace.transposedHead else { return nil }
    let i = units.count - 1
    return FusedHead(
      layer: head, x: workspace.activations[units[i].input], logits: workspace.logits,
      logitsGradient: workspace.logitsGradient, dx: workspace.inputGradient(units[i], i),
      parameters: parameters.pointer + units[i].offset, masks: units[i].masks, transposed: transposed,
      below: layerBelowHead, pass: pass)
  }

  /// The layer below the head, if the head prepares its dy.
  private var layerBelowHead: (any DividedLayer)? {
    let i = units.count - 2
    guard transposesBelowHead(i), case .byFeatures(let layer) = units[i].layer.passes
    else { return nil }
    return layer
  }

  private func transposesBelowHead(_ i: Int) -> Bool {
    guard i > firstLearning, units[i].edges[0].wantsGradient,
      case .byFeatures(let layer) = units[i].layer.passes
    else { return false }
    return layer.transposesOutputGradient(units[i].masks)
  }

  private func chain(
    _ layers: [any RowwiseLayer], from first: Int, _ parameters: Parameters, _ workspace: Workspace,
    _ pass: Pass
  ) -> RowwiseChain {
    note(fused: layers.count > 1)
    let learns = !workspace.gradients.isEmpty
    let links = layers.enumerated().map { offset, layer in
      let i = first + offset
      return RowwiseChain.Link(
        layer: layer, x: workspace.activations[units[i].input], y: workspace.activations[i + 1],
        parameters: parameters.pointer + units[i].offset, dy: learns ? workspace.gradients[i + 1] : nil,
        dx: learns ? workspace.inputGradient(units[i], i) : nil)
    }
    return RowwiseChain(links, pass: pass, sumsInBlocks: style == .fused)
  }
}
