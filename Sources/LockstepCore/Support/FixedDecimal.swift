/// A number with a fixed number of decimals, as printf's %.*f gives it.
public func fixed(_ x: Double, _ decimals: Int) -> String {
  guard x.isFinite, abs(x) < 1e15 else { return "\(x)" }
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let digits = String(Int((abs(x) * scale).rounded(.toNearestOrEven)))
  let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
  let sign = x < 0 && padded.contains { $0 != "0" } ? "-" : ""
  return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}
