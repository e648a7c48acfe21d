/// A number that collectives sum. Sums of integers, partial ones too, must fit: what else becomes of them depends on
/// the MPI library.
public protocol Summand: BitwiseCopyable, Sendable {
  static var summandType: SummandType { get }
  static func sum(_ a: Self, _ b: Self) -> Self
}

/// The types that are summands, of which `Double`, `Float`, `Int32` and `Int16` conform.
public enum SummandType: Sendable { case double, float, int32, int16 }

extension Double: Summand {
  public static var summandType: SummandType { .double }
  public static func sum(_ a: Double, _ b: Double) -> Double { a + b }
}
extension Float: Summand {
  public static var summandType: SummandType { .float }
  public static func sum(_ a: Float, _ b: Float) -> Float { a + b }
}
extension Int32: Summand {
  public static var summandType: SummandType { .int32 }
  public static func sum(_ a: Int32, _ b: Int32) -> Int32 { a &+ b }
}
extension Int16: Summand {
  public static var summandType: SummandType { .int16 }
  public static func sum(_ a: Int16, _ b: Int16) -> Int16 { a &+ b }
}
