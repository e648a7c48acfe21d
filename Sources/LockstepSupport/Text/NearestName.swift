/// The candidate with the smallest edit distance (Levenshtein 1966) to a mistyped name; nil where none is near.
package func nearestName(to name: String, among candidates: [String]) -> String? {
  let best = candidates.map { ($0, editDistance(Array(name), Array($0))) }.min { $0.1 < $1.1 }
  guard let (candidate, distance) = best, distance <= max(2, name.count / 3) else { return nil }
  return candidate
}

private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  // Names are short; a hostile one is not worth the square of its length.
  guard a.count <= 64 else { return Int.max }
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let substituted = diagonal + (x == y ? 0 : 1)
      diagonal = row[j + 1]
      row[j + 1] = min(substituted, row[j] + 1, row[j + 1] + 1)
    }
  }
  return row[b.count]
}
