import LockstepCore

extension FuzzTarget {
  /// Models: an accepted one has exactly its network's parameters, and is the same when written and read again.
  static let model = FuzzTarget(
    name: "model",
    dictionary: LayerRegistry.examples.map { Array($0.utf8) }
      + tokens(
        "conv 2 3x3", "dense 3", ", ",
        #""lockstep.network":""#, #""lockstep.input":""#, #""lockstep.classes":""#,
        #""lockstep.normalize":""#, #""lockstep.element":""#, "float32",
        "none", "auto", "0.1,0.3", "1048576", "-1", "nan", "1e999", "layers.0.weight"),
    // One channel or output is padded to 16.
    longestInput: 4096, largestAllocation: 2
  ) { bytes in
    let model = try Model(bytes: bytes, path: "fuzz")
    let network = model.network
    let count = network.tensors.reduce(0) { $0 + $1.count }
    try require(4 * count < bytes.count, "\(count) parameters out of \(bytes.count) bytes")
    try require(
      network.paddedParameterCount <= 16 * 16 * count,
      "memory for \(network.paddedParameterCount) parameters, of which there are \(count)")
    let written = try model.safetensors().serialized()
    let again = try mustSucceed("read again") { try Model(bytes: written, path: "again") }
    try require(again.parameters.digest == model.parameters.digest, "the digests differ")
    try require(again.safetensors().serialized() == written, "written twice, the bytes differ")
  }
}
