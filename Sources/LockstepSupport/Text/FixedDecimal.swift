import PlatformC

/// A number with a fixed number of decimals, as printf's %.*f but without "-0.00"; as Swift prints it if it is too
/// large for decimals, infinite or NaN.
package func fixed(_ x: Double, _ decimals: Int) -> String {
  guard abs(x) < 0x1p53 else { return "\(x)" }
  let digits = printed(x, decimals, "%.*f")
  return digits.contains { ("1"..."9").contains($0) } ? digits : String(digits.drop { $0 == "-" })
}

/// "97.81%"
package func percent(_ fraction: Double) -> String { fixed(100 * fraction, 2) + "%" }

/// At most three significant digits, as printf's %.3g: "0.02", "1.5e-06".
package func significant(_ x: Double, _ digits: Int = 3) -> String { printed(x, digits, "%.*g") }

private func printed(_ x: Double, _ digits: Int, _ format: String) -> String {
  var text = [CChar](repeating: 0, count: 32 + digits)
  let count = withVaList([Int32(digits), x]) { vsnprintf(&text, text.count, format, $0) }
  return String(decoding: text[..<Int(count)].map(UInt8.init(bitPattern:)), as: UTF8.self)
}
