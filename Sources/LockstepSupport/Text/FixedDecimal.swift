import PlatformC

/// A number with a fixed number of decimals, as printf's %.*f but without "-0.00"; as Swift prints it if it is too
/// large for decimals, infinite or NaN.
package func fixed(_ x: Double, _ decimals: Int) -> String {
  guard abs(x) < 0x1p53 else { return "\(x)" }
  var text = [CChar](repeating: 0, count: 24 + decimals)
  let count = withVaList([Int32(decimals), x]) { vsnprintf(&text, text.count, "%.*f", $0) }
  let digits = String(decoding: text[..<Int(count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
  return digits.contains { ("1"..."9").contains($0) } ? digits : String(digits.drop { $0 == "-" })
}

/// "97.81%"
package func percent(_ fraction: Double) -> String { fixed(100 * fraction, 2) + "%" }
