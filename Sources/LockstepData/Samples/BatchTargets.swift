/// What the outputs of a pass's rows should be: classes, or numbers.
package struct BatchTargets: @unchecked Sendable {
  /// [rows]
  package let labels: UnsafePointer<Int32>
  /// [rows, columns], scaled, and mixed where samples are.
  package let values: UnsafePointer<Float>
  /// The numbers of a row; 0 for classes.
  package let columns: Int
  /// Where samples are mixed: the second label of each row, and its part of the target, at most 1/2; the first label
  /// has the rest. [rows] each.
  package let others: UnsafePointer<Int32>?
  package let parts: UnsafePointer<Float>?

  package init(
    labels: UnsafePointer<Int32>, values: UnsafePointer<Float>? = nil, columns: Int = 0,
    others: UnsafePointer<Int32>? = nil, parts: UnsafePointer<Float>? = nil
  ) {
    self.labels = labels
    // Never read without columns.
    self.values = values ?? UnsafeRawPointer(labels).assumingMemoryBound(to: Float.self)
    (self.columns, self.others, self.parts) = (columns, others, parts)
  }
}
