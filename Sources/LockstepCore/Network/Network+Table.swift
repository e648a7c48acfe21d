extension Network {
  /// The layers as a table: what each is, its output's shape, its parameters, and its floating-point operations for the
  /// forward pass of one sample.
  public var table: String {
    var rows = [["layer", "", "output", "parameters", "FLOPs a sample"]]
    rows.append(["input", "", Self.text(input.shape), "", ""])
    for (index, (layer, name)) in zip(layers, names).enumerated() {
      let first = Int(name.split(separator: ".").last!)!
      let next =
        index + 1 < names.count ? Int(names[index + 1].split(separator: ".").last!)! : specification.count
      // A fused ReLU, and a flatten, stand with the layer before them.
      let what = specification[first..<next].map(\.description).joined(separator: " + ")
      let parameters = layer.tensors.reduce(0) { $0 + $1.count }
      rows.append([name, what, Self.text(layer.outputShape), "\(parameters)", "\(layer.flopsPerSample)"])
    }
    let flops = layers.reduce(0) { $0 + $1.flopsPerSample }
    rows.append(["total", "", "", "\(tensors.reduce(0) { $0 + $1.count })", "\(flops)"])
    return Self.aligned(rows)
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: "x") }

  /// Columns of equal width, the last two to the right.
  private static func aligned(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
    return rows.map { row in
      let cells = row.enumerated().map { column, cell in
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        return column < 3 ? cell + padding : padding + cell
      }
      var line = cells.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line
    }.joined(separator: "\n")
  }
}
