import LockstepSupport

extension IDXHeader {
  /// The error of a file whose payload has another size than the header says. A payload that other dimensions explain
  /// is called that; only one that nothing explains is damaged.
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

  /// What headers of other dimensions or another type would say of the payload.
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

  /// One number a sample.
  private var isLabels: Bool { sampleShape.allSatisfy { $0 == 1 } }

  private var promise: String {
    "The header says \(count) " + (isLabels ? "labels" : "samples of \(shapeText(sampleShape))")
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
package func shapeText(_ shape: [Int]) -> String {
  switch shape.count {
  case 0: "one number"
  case 1: shape == [1] ? "one number" : "\(shape[0]) numbers"
  default: shape.map(String.init).joined(separator: "x")
  }
}
