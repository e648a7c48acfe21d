/// The candidate that was probably meant: the one that other programs call by this name, else the nearest; nil for
/// none.
package func suggestedName(for name: String, among candidates: [String]) -> String? {
  let spelled = name.lowercased().map { $0 == "_" ? "-" : String($0) }.joined()
  if candidates.contains(spelled) { return spelled }
  if let meant = synonyms[spelled], candidates.contains(meant) { return meant }
  return nearestName(to: spelled, among: candidates)
}

/// Other programs' names for Lockstep's options and layers.
private let synonyms = [
  "learning-rate": "lr", "rate": "lr", "batch": "batch-size", "bs": "batch-size",
  "minibatch": "batch-size", "steps": "max-steps", "iterations": "max-steps", "max-iter": "max-steps",
  "epoch": "epochs", "opt": "optimizer", "optim": "optimizer", "wd": "weight-decay", "l2": "weight-decay",
  "decay": "weight-decay", "lr-scheduler": "schedule", "lr-schedule": "schedule", "scheduler": "schedule",
  "warmup": "warmup-steps", "layers": "hidden", "hidden-size": "hidden", "hidden-layers": "hidden",
  "architecture": "network", "arch": "model", "val-split": "validation-split", "early-stopping": "patience",
  "random-seed": "seed", "normalise": "normalize", "mean-std": "normalize", "eps": "epsilon",
  "accumulation-steps": "micro-batches", "dataset": "data", "data-dir": "data", "out": "output",
  "output-dir": "output", "save": "output", "save-dir": "output", "config": "recipe", "workers": "threads",
  "num-workers": "threads", "jobs": "threads", "num-threads": "threads", "cores": "threads",
  "log-interval": "log-every", "save-every": "checkpoint-every", "continue": "resume", "restart": "resume",
  "linear": "dense", "fc": "dense", "conv2d": "conv", "maxpool2d": "maxpool", "avgpool2d": "avgpool",
  "adaptiveavgpool": "globalavgpool", "gap": "globalavgpool", "swish": "silu", "lrelu": "leakyrelu",
  "silent": "quiet", "dry-run": "show", "summary": "show",
]

/// The candidate with the smallest edit distance (Damerau 1964, Levenshtein 1966) to a mistyped name; nil if more than
/// a third of the letters would have to change.
package func nearestName(to name: String, among candidates: [String]) -> String? {
  let best = candidates.map { ($0, editDistance(Array(name), Array($0))) }.min { $0.1 < $1.1 }
  guard let (candidate, distance) = best, distance <= (name.count + 1) / 3 else { return nil }
  return candidate
}

/// Two transposed letters count as one error.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  // Names are short; a hostile one is not worth the square of its length.
  guard a.count <= 64 else { return Int.max }
  var (before, row) = ([Int](), Array(0...b.count))
  for (i, x) in a.enumerated() {
    var next = [i + 1]
    for (j, y) in b.enumerated() {
      var distance = min(row[j] + (x == y ? 0 : 1), row[j + 1] + 1, next[j] + 1)
      if i > 0, j > 0, x == b[j - 1], a[i - 1] == y { distance = min(distance, before[j - 1] + 1) }
      next.append(distance)
    }
    (before, row) = (row, next)
  }
  return row[b.count]
}
