import LockstepSupport

/// The shortest time of repeated runs over `limit` seconds, at least two: other programs on the machine only ever add
/// to a time.
func leastSeconds(within limit: Double = 0.15, _ body: () -> Void) -> Double {
  var (least, total) = (Double.infinity, 0.0)
  var runs = 0
  while total < limit || runs < 2 {
    let seconds = secondsOf(body)
    least = min(least, seconds)
    total += seconds
    runs += 1
  }
  return least
}
