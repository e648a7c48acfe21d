import CKernels
import LockstepSupport

/// A batch of activations, row-major: sample r's features start at `pointer + r * stride`. The stride is a multiple of
/// 16; what lies between the features and the stride is zero.
package struct Activations: @unchecked Sendable {
  package let pointer: UnsafeMutablePointer<Float>
  package let features: Int
  @inlinable package var stride: Int { rowStride(features) }

  /// The copies, if every thread has its own; `pointer` is then unused.
  package let copies: ThreadCopies?

  @inlinable package init(_ pointer: UnsafeMutablePointer<Float>, features: Int) {
    self.init(pointer, features: features, copies: nil)
  }

  @inlinable package init(_ pointer: UnsafeMutablePointer<Float>, features: Int, copies: ThreadCopies?) {
    self.pointer = pointer
    self.features = features
    self.copies = copies
  }

  /// The rows for the calling thread, number `thread` of the team: its own copy, refreshed if stale, or the common
  /// rows.
  @inlinable package func readied(for thread: Int) -> UnsafeMutablePointer<Float> {
    copies?.readied(for: thread) ?? pointer
  }

  /// Sample r's features.
  @inlinable package func row(_ r: Int) -> UnsafeMutablePointer<Float> { pointer + r * stride }

  /// The elements of some rows, padding included.
  @inlinable package func elements(of rows: Range<Int>) -> Range<Int> {
    rows.lowerBound * stride..<rows.upperBound * stride
  }

  /// The form that the kernels read and write.
  @inlinable package var matrix: kernel_matrix { kernel_matrix(elements: pointer, stride: stride) }
  @inlinable package var mutableMatrix: kernel_mutable_matrix {
    kernel_mutable_matrix(elements: pointer, stride: stride)
  }
  @inlinable package func matrix(for thread: Int) -> kernel_matrix {
    kernel_matrix(elements: readied(for: thread), stride: stride)
  }

  /// The same activations from row `rows` on.
  @inlinable package func dropping(rows: Int) -> Activations { Activations(row(rows), features: features) }
}
