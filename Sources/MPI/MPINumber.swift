import CMPI

/// A number that MPI reduces.
public protocol MPINumber: BitwiseCopyable {
  static var mpiType: MPIType { get }
  /// The sum as MPI_SUM has it, where it fits: Open MPI saturates some integers (ompi#8045).
  static func mpiSum(_ a: Self, _ b: Self) -> Self
}

/// MPI's name for a type.
public enum MPIType: Sendable {
  /// MPI_DOUBLE, MPI_FLOAT, MPI_INT32_T, MPI_INT16_T.
  case double, float, int32, int16

  var code: cmpi_number {
    switch self {
    case .double: CMPI_DOUBLE
    case .float: CMPI_FLOAT
    case .int32: CMPI_INT32
    case .int16: CMPI_INT16
    }
  }
}

extension Double: MPINumber {
  public static var mpiType: MPIType { .double }
  public static func mpiSum(_ a: Double, _ b: Double) -> Double { a + b }
}
extension Float: MPINumber {
  public static var mpiType: MPIType { .float }
  public static func mpiSum(_ a: Float, _ b: Float) -> Float { a + b }
}
extension Int32: MPINumber {
  public static var mpiType: MPIType { .int32 }
  public static func mpiSum(_ a: Int32, _ b: Int32) -> Int32 { a &+ b }
}
extension Int16: MPINumber {
  public static var mpiType: MPIType { .int16 }
  public static func mpiSum(_ a: Int16, _ b: Int16) -> Int16 { a &+ b }
}
