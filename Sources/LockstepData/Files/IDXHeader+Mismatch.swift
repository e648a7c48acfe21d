import LockstepSupport

extension IDXHeader {
  /// The error for a payload whose size does not match the header. If other dimensions or types explain the size, the
  /// error names them; otherwise the file counts as damaged.
  func mismatch(payload: Int, inflated: Bool = false, path: String) -> LockstepError {
    let found = "\(byteCount + payload) bytes" + (inflated ? " (inflated)" : "")
    let whole = payload / sampleByteCount
    let isWhole = payload % sampleByteCount == 0
    let holds = explanations(payload).joined(separator: " or ")
    var fix = fetchAgain(path)
    if payload > payloadByteCount {
      if !holds.isEmpty {
        fix = "\(promise), the file holds \(holds): write the true dimensions and type into the header"
      }
    } else {
      let cut = "the file ends after \(whole) of them" + (isWhole ? "" : " and a part")
      fix =
        holds.isEmpty
        ? "\(promise), \(cut). \(fix)" : "\(promise), the file holds \(holds), or was cut off: \(fix)"
    }
    return mismatch(found: found, fix: fix, path: path)
  }

  /// Descriptions of the payload by other dimensions or another type.
  private func explanations(_ payload: Int) -> [String] {
    guard payload > 0 else { return [] }
    var holds = otherSample(payload).map { ["\(count) of \(shapeText($0))"] } ?? []
    if payload > payloadByteCount, payload % sampleByteCount == 0 {
      let whole = payload / sampleByteCount
      holds.append(isLabels ? "\(whole) labels" : "\(whole) of \(shapeText(sampleShape))")
    }
    let (width, rest) = payload.quotientAndRemainder(dividingBy: payloadByteCount / element.byteCount)
    guard rest == 0 else { return holds }
    let types = IDXElement.allCases.filter { $0.byteCount == width && (!isLabels || $0.isInteger) }
    if width != element.byteCount, !types.isEmpty {
      let names = types.map { "\($0)" }.joined(separator: " or ")
      holds.append(
        isLabels ? "\(count) labels of \(names)" : "\(count) of \(shapeText(sampleShape)) of \(names)")
    }
    let (copies, part) = payload.quotientAndRemainder(dividingBy: payloadByteCount)
    if part == 0, isLabels, copies > 1 { holds.append("\(count) one-hot rows of \(copies)") }
    if part == 0, sampleShape.count == 2, 2...4 ~= copies {
      holds.append("\(count) of \(shapeText([copies] + sampleShape))")
    }
    return holds
  }

  func mismatch(found: String, fix: String? = nil, path: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "\(fileByteCount) bytes for \(dimensions) elements of type \(element)",
      found: found, fix: fix ?? fetchAgain(path))
  }

  private var sampleByteCount: Int { payloadByteCount / count }

  /// Whether each sample is one number.
  private var isLabels: Bool { sampleShape.allSatisfy { $0 == 1 } }

  private var promise: String {
    "The header says \(count) " + (isLabels ? "labels" : "samples of \(shapeText(sampleShape))")
  }

  /// The shape of larger or smaller samples of the same proportion, if the header's number of them makes up the
  /// payload.
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

/// "28x28", or "784 numbers" for a sample that is no image.
package func shapeText(_ shape: [Int]) -> String {
  switch shape.count {
  case 0: "one number"
  case 1: shape == [1] ? "one number" : "\(shape[0]) numbers"
  default: shape.map(String.init).joined(separator: "x")
  }
}
