// Trains on the ranks that mpirun starts, or without it in this process: to the same bits.
//
//     mpirun -np 4 .build/release/ranks [DIRECTORY OF IDX FILES]
import LockstepCore
import LockstepMPI

try MPICollective.run(failed: { print("\($0)") }) { collective in
  // One copy a node, which its ranks share.
  let dataset =
    if let directory = CommandLine.arguments.dropFirst().first {
      try Dataset.load(directory: directory, collective: collective)
    } else {
      try Dataset.synthetic(train: 3000, test: 500, collective: collective, team: ThreadTeam(count: 1))
    }
  var recipe = Recipe()
  recipe.network = [.dense(outputs: 64), .relu, .dense(outputs: nil)]
  recipe.epochs = 2
  let model = try Training(recipe, on: dataset).run(on: collective) { event in
    if case .epoch(let epoch) = event { print("epoch \(epoch.epoch): test accuracy \(epoch.test.accuracy)") }
  }
  guard collective.rank == 0 else { return }
  print("weights", String(model.parameters.digest, radix: 16))
}
