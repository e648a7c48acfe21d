extension IDXHeader {
  /// The error of a file whose payload has another size than the header says. A payload that other dimensions explain is
  /// called that; only one that nothing explains is damaged.
  func mismatch(payload: Int, inflated: Bool = false, path: String) -> LockstepError {
    let found = "\(byteCount + payload) bytes" + (inflated ? " (inflated)" : "")
    let other = otherSample(payload).map { "\(count) of \(shapeText($0))" }
    let whole = payload / sampleByteCount
    let isWhole = payload % sampleByteCount == 0
    var fix = fetchAgain(path)
    if payload > payloadByteCount {
      let holds = [other, isWhole ? "\(whole) of \(shapeText(sampleShape))" : nil].compactMap(\.self)
      if !holds.isEmpty {
        fix =
          "\(promise), the file holds \(holds.joined(separator: " or ")): write the true dimensions into the header"
      }
    } else {
      let cut = "the file ends after \(whole) of them" + (isWhole ? "" : " and a part")
      fix =
        other.map { "\(promise), the file holds \($0), or was cut off: \(fix)" }
        ?? "\(promise), \(cut). \(fix)"
    }
    return mismatch(found: found, fix: fix, path: path)
  }

  func mismatch(found: String, fix: String? = nil, path: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "\(fileByteCount) bytes for \(dimensions) elements of type \(element)",
      found: found, fix: fix ?? fetchAgain(path))
  }

  private var sampleByteCount: Int { payloadByteCount / count }

  private var promise: String {
    "The header says \(count) samples" + (sampleShape.isEmpty ? "" : " of \(shapeText(sampleShape))")
  }

  /// The shape of samples of other sides in the same proportion, if as many as the header says make up the payload.
  private func otherSample(_ payload: Int) -> [Int]? {
    guard sampleShape.count >= 2, payload > 0, payload % (count * element.byteCount) == 0 else { return nil }
    let (height, width) = (sampleShape[sampleShape.count - 2], sampleShape[sampleShape.count - 1])
    let planes = sampleShape.dropLast(2)
    let (pixels, rest) = (payload / count / element.byteCount).quotientAndRemainder(
      dividingBy: planes.reduce(1, *))
    let scale = (Double(pixels) / (Double(height) * Double(width))).squareRoot()
    let sides = [height, width].map { Int((Double($0) * scale).rounded()) }
    guard rest == 0, sides[0] > 0, sides[0] * sides[1] == pixels, sides != [height, width] else { return nil }
    return planes + sides
  }
}

/// "28x28"; "784 numbers" of a sample that is no image.
func shapeText(_ shape: [Int]) -> String {
  switch shape.count {
  case 0: "one number"
  case 1: shape == [1] ? "one number" : "\(shape[0]) numbers"
  default: shape.map(String.init).joined(separator: "x")
  }
}
