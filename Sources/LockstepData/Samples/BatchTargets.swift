/// What the outputs of a pass's rows should be: classes, or numbers.
package struct BatchTargets: @unchecked Sendable {
  /// [rows]
  package let labels: UnsafePointer<Int32>
  /// [rows, columns], scaled.
  package let values: UnsafePointer<Float>
  /// The numbers of a row; 0 for classes.
  package let columns: Int

  package init(labels: UnsafePointer<Int32>, values: UnsafePointer<Float>? = nil, columns: Int = 0) {
    self.labels = labels
    // Never read without columns.
    self.values = values ?? UnsafeRawPointer(labels).assumingMemoryBound(to: Float.self)
    self.columns = columns
  }
}
