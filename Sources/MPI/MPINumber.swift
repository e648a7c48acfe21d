import CMPI

/// A number that MPI reduces.
public protocol MPINumber: BitwiseCopyable {
  static var mpiType: MPIType { get }
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

extension MPIType {
  /// to[i] += from[i], for sums that fit.
  func add(_ count: Int, from: UnsafeRawPointer, to: UnsafeMutableRawPointer) {
    func add<Number>(_ type: Number.Type, _ sum: (Number, Number) -> Number) {
      let (from, to) = (from.assumingMemoryBound(to: type), to.assumingMemoryBound(to: type))
      for i in 0..<count { to[i] = sum(to[i], from[i]) }
    }
    switch self {
    case .double: add(Double.self, +)
    case .float: add(Float.self, +)
    case .int32: add(Int32.self, &+)
    case .int16: add(Int16.self, &+)
    }
  }

  var byteCount: Int {
    switch self {
    case .double: 8
    case .float, .int32: 4
    case .int16: 2
    }
  }
}

extension Double: MPINumber { public static var mpiType: MPIType { .double } }
extension Float: MPINumber { public static var mpiType: MPIType { .float } }
extension Int32: MPINumber { public static var mpiType: MPIType { .int32 } }
extension Int16: MPINumber { public static var mpiType: MPIType { .int16 } }
