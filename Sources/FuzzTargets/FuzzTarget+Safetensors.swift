import LockstepCore

extension FuzzTarget {
  /// Safetensors: an accepted file has as many values as its shapes say, and is the same when written and read again.
  static let safetensors = FuzzTarget(
    name: "safetensors",
    dictionary: tokens(
      #""dtype":"F32""#, #""shape":[1]"#, #""data_offsets":[0,4]"#, #""__metadata__":{"#, #"{}"#, "-1", "9e9",
      "null",
      #"\u0000"#, #"\ud800"#, "18446744073709551616"),
    longestInput: 4096, largestAllocation: 2
  ) { bytes in
    // What is read strictly is read the same with conversion; what is not, is refused or harmless.
    let converted = Result { try Safetensors(bytes: bytes, path: "fuzz", converts: true) }
    let file = try Safetensors(bytes: bytes, path: "fuzz")
    try require((try? converted.get().serialized()) == (try? file.serialized()), "conversion changes F32")
    for tensor in file.tensors {
      try require(tensor.shape.reduce(1, *) == tensor.values.count, "\(tensor.name): \(tensor.shape)")
    }
    try require(4 * file.tensors.reduce(0) { $0 + $1.values.count } < bytes.count, "more values than bytes")
    let written = try file.serialized()
    let again = try mustSucceed("read again") { try Safetensors(bytes: written, path: "again") }
    try require(again.metadata == file.metadata, "the metadata differ")
    try require(again.serialized() == written, "written twice, the bytes differ")
    let tensors = Dictionary(uniqueKeysWithValues: again.tensors.map { ($0.name, $0) })
    for tensor in file.tensors {
      let same = tensors[tensor.name].map {
        $0.shape == tensor.shape && $0.values.map(\.bitPattern) == tensor.values.map(\.bitPattern)
      }
      try require(same == true, "\(tensor.name) differs")
    }
  }
}
