extension Network {
  /// The layers as a table for people: each one's text, output shape, number of parameters (without padding), and
  /// floating-point operations of one sample's forward pass.
  public var table: String {
    var rows = [["layer", "", "output", "parameters", "FLOPs a sample"]]
    rows.append(["input", "", Self.text(input.shape), "", ""])
    let units = FusionPlan(self).units
    let numbers = units.map { positions[$0.layers.lowerBound] }
    for entry in outline {
      let indent = String(repeating: "  ", count: entry.depth)
      guard let position = entry.position else {
        rows.append([indent + entry.text, "", "", "", ""])
        continue
      }
      guard let index = numbers.firstIndex(of: position) else {
        // A fused ReLU is shown with the layer before it, and so is a flatten.
        rows[rows.count - 1][1] += (rows.last![1].isEmpty ? "" : " + ") + entry.text
        continue
      }
      let (layer, name) = (units[index].layer, units[index].name)
      let parameters = layer.tensors.reduce(0) { $0 + $1.count }
      rows.append([
        indent + name, entry.text, Self.text(layer.outputShape), "\(parameters)", "\(layer.flopsPerSample)",
      ])
    }
    let flops = units.map(\.layer).reduce(0) { $0 + $1.flopsPerSample }
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

/// A line of a network's outline: a layer, or what begins a block or a list in it.
struct OutlineEntry {
  let text: String
  /// The number of blocks around it.
  let depth: Int
  /// The layer's `Network.positions`; nil for what is none.
  let position: Int?
}
