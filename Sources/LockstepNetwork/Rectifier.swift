import CKernels
import LockstepData

/// Back-propagation through the ReLU of a rectified layer.
enum Rectifier {
  /// dy = 0 where y is not above 0: the gradient with respect to the fused ReLU's input.
  static func mask(_ dy: Activations, where y: Activations, pass: Pass) {
    pass.team.split(pass.rows * dy.stride / 16, grain: 512) {
      kernel_relu_backward(
        y.pointer, dy.pointer, kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
    }
  }

  /// The same for some rows, on the calling thread.
  static func mask(_ dy: Activations, where y: Activations, rows: Range<Int>) {
    kernel_relu_backward(
      y.row(rows.lowerBound), dy.row(rows.lowerBound), kernel_range(begin: 0, end: rows.count * dy.stride))
  }

  /// The same for some columns, on the calling thread.
  static func mask(_ dy: Activations, where y: Activations, rows: Int, columns: kernel_range) {
    for row in 0..<rows { kernel_relu_backward(y.row(row), dy.row(row), columns) }
  }
}
