/// The area under the ROC curve: the probability that a sample of the class has a larger score than one that is not,
/// equal scores counting half (Mann and Whitney's U, divided by the number of pairs; Fawcett: An introduction to ROC
/// analysis, 2006). Counted in integers and divided once. nil if all samples are of one kind.
package func areaUnderCurve(scores: [Double], isPositive: (Int) -> Bool) -> Double? {
  let order = scores.indices.sorted { scores[$0] < scores[$1] }
  var (below, positives, twiceU) = (0, 0, 0)
  var start = 0
  while start < order.count {
    var (equalPositives, equalNegatives) = (0, 0)
    var end = start
    while end < order.count, scores[order[end]] == scores[order[start]] || end == start {
      if isPositive(order[end]) { equalPositives += 1 } else { equalNegatives += 1 }
      end += 1
    }
    twiceU += equalPositives * (2 * below + equalNegatives)
    below += equalNegatives
    positives += equalPositives
    start = end
  }
  return positives == 0 || below == 0 ? nil : Double(twiceU) / Double(2 * positives * below)
}
