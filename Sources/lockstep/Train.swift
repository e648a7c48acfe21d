import ArgumentParser
import LockstepCore

struct Train: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network and reports its test accuracy.",
    discussion: """
      Without --data it takes $LOCKSTEP_DATA, else data/mnist, else digits that it synthesizes. Runs in one process on \
      all cores, or on ranks: mpirun -np 4 --hostfile hostfile lockstep train.
      """)

  @Option(help: ArgumentHelp("The directory of the IDX files.", valueName: "dir")) var data: String?
  @Option(help: ArgumentHelp("The run directory (default runs/MODEL-TIME).", valueName: "run")) var output:
    String?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?
  @Option(help: "How ranks exchange gradients: auto, allreduce or shared (memory). Changes no bit.")
  var exchange: ExchangeName = .auto
  @Option(help: "Steps between the step events in metrics.jsonl; 0 for none.") var logEvery: Int = 100
  @Flag(help: "No progress on standard error.") var quiet = false
  @Flag(help: "Print the resolved recipe and the layers, and stop.") var show = false
  @OptionGroup(title: "Recipe") var options: RecipeOptions

  func run(_ collective: any Collective) throws {
    let (recipe, text) = try collective.together {
      let recipe = try options.resolved()
      return (recipe, try recipe.yaml())
    }
    try collective.requireSame(text, "recipe")
    let team = try makeTeam(threads, collective)
    let dataset = try loadDataset(data, collective, team, quiet: quiet)
    if show {
      let network = try collective.together {
        try Network(
          inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.classes)
      }
      if collective.rank == 0 { print(text + "\n" + network.table) }
      return
    }
    warnOfIdleRanks(recipe, collective)
    let trainer = try collective.together {
      try Trainer(recipe: recipe, dataset: dataset, collective: collective, team: team, exchange: exchange)
    }
    var run: RunDirectory?
    var metrics: MetricsLog?
    try collective.together {
      guard collective.rank == 0 else { return }
      let directory = try RunDirectory(creating: output ?? RunDirectory.defaultPath(for: recipe))
      try directory.write(recipe)
      (run, metrics) = (directory, try directory.openMetrics(logEvery: max(logEvery, 0)))
    }
    let observers: [any TrainingObserver] = (quiet ? [] : [ProgressObserver()]) + [metrics].compactMap { $0 }
    let result = try trainer.train(observer: Observers(observers))
    try collective.together {
      try run?.write(Model(parameters: trainer.parameters, normalization: trainer.normalization))
    }
    guard let run else { return }
    if !quiet { writeError("saved in \(run.path)\n") }
    print(summary(result.test))
    print("weights \(result.digest.hexadecimal)")
  }

  /// More ranks than micro-batches leave some with nothing to add.
  private func warnOfIdleRanks(_ recipe: Recipe, _ collective: any Collective) {
    guard collective.rank == 0, collective.size > recipe.microBatches else { return }
    writeError(
      "lockstep: \(collective.size - recipe.microBatches) of \(collective.size) ranks have nothing to do, because a "
        + "batch is cut into \(recipe.microBatches) micro-batches. Raise --micro-batches (which changes the bits)\n"
    )
  }
}

/// Tells several observers.
private final class Observers: TrainingObserver {
  private let observers: [any TrainingObserver]
  init(_ observers: [any TrainingObserver]) { self.observers = observers }

  func observe(_ event: TrainingEvent) throws {
    for observer in observers { try observer.observe(event) }
  }
}

extension ExchangeName: ExpressibleByArgument {}
