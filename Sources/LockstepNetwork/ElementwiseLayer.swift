import CKernels
import LockstepData
import LockstepSupport

/// A layer that applies a function to every element: y = f(x), dx = f'(x) dy. `[rows, n] -> [rows, n]`.
package protocol ElementwiseLayer: RowwiseLayer {
  var function: ElementwiseFunction { get }
}

/// The two kernels of a function (FUNCTION in kernels.def).
package struct ElementwiseFunction {
  typealias Input = UnsafePointer<Float>?
  typealias Output = UnsafeMutablePointer<Float>?

  let forward: (_ x: Input, _ y: Output, _ count: Int, _ parameter: Float) -> Void
  let backward: (_ x: Input, _ y: Input, _ dy: Input, _ dx: Output, _ count: Int, _ parameter: Float) -> Void
  var parameter: Float = 0
  /// Whether f(0) = 0: the padding between features then stays zero, and all of it is computed as one run of memory.
  let keepsZero: Bool
}

extension ElementwiseLayer {
  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let f = function
    return forEachRun { f.forward(x.pointer + $0, y.pointer + $0, $1, f.parameter) }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let f = function
    return { rows, dy, dx in
      guard let dx else { return }
      forEachRun {
        f.backward(x.pointer + $0, y.pointer + $0, dy.pointer + $0, dx.pointer + $0, $1, f.parameter)
      }(rows)
    }
  }

  /// Calls the body with the offset and length of each run of features; with all rows at once if padding may be
  /// included.
  private func forEachRun(_ body: @escaping (_ at: Int, _ count: Int) -> Void) -> (_ rows: Range<Int>) -> Void
  {
    let (stride, runs) = (rowStride(output.count), output.runs)
    if function.keepsZero { return { body($0.lowerBound * stride, $0.count * stride) } }
    return { rows in
      for row in rows {
        for run in 0..<runs.count { body(row * stride + run * runs.stride, runs.length) }
      }
    }
  }
}
