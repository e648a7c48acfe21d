import LockstepSupport

/// Labels that are numbers, as the numbers of classes.
enum ClassNumber {
  /// Whether a label is one.
  static func isOne(_ label: Float) -> Bool { 0...65_535 ~= label && label == label.rounded() }

  /// The error for a label that is none; `found` tells it, and where it is.
  static func refusal(_ label: Float, found: String, in subject: String) -> LockstepError {
    // Labels with fractions are more likely what is to be predicted than badly numbered classes.
    let isFraction = label.isFinite && label != label.rounded()
    return LockstepError(
      .data, subject, expected: "labels from 0 to 65535", found: found,
      fix: "Number the classes from 0"
        + (isFraction
          ? "; numbers that are to be predicted are not imported: write samples and labels as IDX files of float32, "
            + "which train --loss mse learns" : ""))
  }
}
