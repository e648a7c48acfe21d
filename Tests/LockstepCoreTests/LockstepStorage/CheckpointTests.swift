import LockstepCore
import Testing

@Suite struct CheckpointTests {
  static func tiny(step: Int = 7) throws -> Checkpoint {
    var recipe = Recipe()
    (recipe.keepBest, recipe.validationSplit, recipe.patience) = (true, 0.1, 3)
    var state = TrainingState(patience: 3)
    (state.step, state.epoch, state.stepOfEpoch) = (step, 1, 3)
    (state.total.lossSum, state.total.hits, state.total.count) = (0.1 + 0.2, 5, 30)
    _ = state.convergence.add(epoch: 1, trainLoss: 1 / 3, validationLoss: 2 / 3)
    return Checkpoint(
      state: state, recipe: recipe, datasetDigest: 0x0123_4567_89AB_CDEF,
      tensors: ["layers.0.bias", "layers.0.weight", "optimizer.first.layers.0.bias"].enumerated().map {
        Safetensors.Tensor(name: $1, shape: [2, 1], values: [Float($0), -0.0])
      })
  }

  @Test func comesBackAsItWas() throws {
    let checkpoint = try Self.tiny()
    let bytes = try checkpoint.serialized()
    let read = try Checkpoint(bytes: bytes, path: "f")
    #expect(read == checkpoint)
    #expect(try read.serialized() == bytes)
    #expect(try Safetensors(bytes: bytes, path: "f").metadata["lockstep.seed"] == "1")
  }

  /// What no comparison of doubles would tell: infinity before the first epoch, and the sign of zero.
  @Test func everyBitOfTheStateComesBack() throws {
    var checkpoint = try Self.tiny()
    checkpoint.state = TrainingState(patience: 3)
    checkpoint.state.total.lossSum = -0.0
    let read = try Checkpoint(bytes: checkpoint.serialized(), path: "f")
    #expect(read.state.total.lossSum.bitPattern == (-0.0).bitPattern)
    #expect(read.state.convergence.bestLoss == .infinity)
  }

  @Test func everyFlippedBitIsFound() throws {
    var bytes = try Self.tiny().serialized()
    #expect(bytes.count > 1000)
    var accepted: [Int] = []
    for bit in 0..<bytes.count * 8 {
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        _ = try Checkpoint(bytes: bytes, path: "f")
        accepted.append(bit)
      } catch {
        if (error as? LockstepError)?.kind != .data { accepted.append(bit) }
      }
      bytes[bit / 8] ^= 1 << UInt8(bit % 8)
    }
    #expect(accepted == [])
    #expect(throws: Never.self) { try Checkpoint(bytes: bytes, path: "f") }
  }

  @Test func everyTruncationIsFound() throws {
    let bytes = try Self.tiny().serialized()
    for count in 0..<bytes.count {
      expectDataError("f", ["expected"]) { try Checkpoint(bytes: Array(bytes[..<count]), path: "f") }
    }
    expectDataError("f", ["checksum"]) { try Checkpoint(bytes: bytes + [0], path: "f") }
    // A file system may leave the length and lose the content.
    for start in stride(from: 0, to: bytes.count, by: 64) {
      let zeros = [UInt8](repeating: 0, count: bytes.count - start)
      expectDataError("f", ["expected"]) { try Checkpoint(bytes: bytes[..<start] + zeros, path: "f") }
    }
  }

  /// Sound files of this format which are no checkpoint, or not one of this version.
  @Test func otherMetadataIsRefused() throws {
    let model = try SafetensorsTests.tiny.serialized()
    expectDataError("f", ["checkpoint that Lockstep wrote"]) { try Checkpoint(bytes: model, path: "f") }
    let good = try Self.tiny().metadata()
    for (key, value) in [
      ("checkpoint.version", "2"), ("step", nil), ("step", "-1"), ("epoch", "9e9"), ("epoch.loss_sum", "0.5"),
      ("dataset", ""), ("recipe", nil), ("convergence.overfitting_told", "maybe"),
    ] {
      var metadata = good
      metadata["lockstep." + key] = value
      expectDataError("f", ["lockstep.\(key)"]) {
        try Checkpoint(metadata: metadata, tensors: [], path: "f")
      }
    }
  }
}
