import LockstepCore

extension FuzzTarget {
  /// Receipts: an accepted one reads the same after being written again, and its parts follow each other.
  static let receipt = FuzzTarget(
    name: "receipt",
    dictionary: tokens(
      #"{"receipt":1,"#, #""version":"#, #""contract":1,"#, #""recipe":"","#, #""dataset":"","#,
      #""dataset_digest":"0000000000000001","#, #""sha256":{},"#, #""epochs":[]"#, #""epoch":1"#,
      #","step":2"#,
      #","weights":"0000000000000001""#, #","train_loss":"#, #","test_accuracy":0.5"#, "null", "1e400",
      "9007199254740993"),
    longestInput: 4096, largestAllocation: 2
  ) { bytes in
    let receipt = try Receipt(json: bytes, path: "fuzz")
    let again = try mustSucceed("read again") { try Receipt(json: receipt.json, path: "again") }
    try require(again == receipt, "read again, it differs")
    let segments = Segment.all(of: receipt)
    for (segment, next) in zip(segments, segments.dropFirst()) {
      try require(
        segment.start < segment.end && segment.end <= next.start && next.start < next.end,
        "\(segment.name) and \(next.name) overlap")
    }
  }
}
