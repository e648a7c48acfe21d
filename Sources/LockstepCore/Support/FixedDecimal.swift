/// A number with a fixed number of decimals, rounded to the nearest; as Swift prints it where it is too large to have
/// decimals, infinite or NaN.
public func fixed(_ x: Double, _ decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  guard abs(x) * scale < 0x1p53 else { return "\(x)" }
  let digits = String(Int((abs(x) * scale).rounded(.toNearestOrEven)))
  let padded = String(repeating: "0", count: max(decimals + 1 - digits.count, 0)) + digits
  let sign = x < 0 && padded.contains { $0 != "0" } ? "-" : ""
  return decimals == 0 ? sign + padded : sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
}
