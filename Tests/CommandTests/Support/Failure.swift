import Foundation
import Testing

/// One failure, and what its message must contain.
struct Failure: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let status: Int32
  /// Parts of the message: the file or flag, and the fix.
  let mentions: [String]
  /// The command line for a scene and a run directory that does not exist yet.
  let arguments: @Sendable (TrainingScene, String) throws -> [String]

  private init(
    _ name: String, _ status: Int32, _ mentions: [String],
    _ arguments: @escaping @Sendable (TrainingScene, String) throws -> [String]
  ) {
    testDescription = name
    self.status = status
    self.mentions = mentions
    self.arguments = arguments
  }

  static let all = usage + data + model + output

  private static let usage = [
    Failure("unknown flag", 64, ["--epohcs", "Did you mean '--epochs'?"]) { _, _ in
      ["train", "--epohcs", "3"]
    },
    Failure("unknown subcommand", 64, ["'trian'"]) { _, _ in ["trian"] },
    Failure("missing argument", 64, ["<model>"]) { _, _ in ["digest"] },
    Failure("bad value", 64, ["--epochs", "a whole number from 1", "'three'"]) { _, _ in
      ["train", "--epochs", "three"]
    },
    Failure("value out of range", 64, ["--momentum", "'1.5'"]) { _, _ in ["train", "--momentum", "1.5"] },
    Failure("unknown choice", 64, ["--model", "one of linear, mlp", "'resnet'"]) { _, _ in
      ["train", "--model", "resnet"]
    },
    Failure("no threads", 64, ["--threads", "from 1 to 1024"]) { _, _ in ["train", "--threads", "0"] },
    Failure("unknown recipe key", 64, ["bad.yaml", "'momentun'", "Did you mean 'momentum'?"]) { scene, _ in
      ["train", "--recipe", try scene.file("bad.yaml", "epochs: 3\nmomentun: 0.9\n")]
    },
    Failure("bad value in a recipe", 64, ["bad.yaml: epochs", "'many'"]) { scene, _ in
      ["train", "--recipe", try scene.file("bad.yaml", "epochs: many\n")]
    },
    Failure("recipe that is not YAML", 64, ["bad.yaml", "YAML"]) { scene, _ in
      ["train", "--recipe", try scene.file("bad.yaml", "epochs: [1, 2\nmodel: \"")]
    },
    Failure("no format to export", 64, ["export: expected a format", "--onnx FILE"]) { _, _ in
      ["export", "model.safetensors"]
    },
    Failure("unknown input", 64, ["--input", "bytes or numbers", "'floats'"]) { _, _ in
      ["export", "model.safetensors", "--onnx", "model.onnx", "--input", "floats"]
    },
    Failure("missing recipe", 64, ["/absent.yaml", "No such file"]) { scene, _ in
      ["train", "--recipe", scene.scratch.file("absent.yaml")]
    },
  ]

  private static let data = [
    Failure("missing data directory", 65, ["/absent", "--data"]) { scene, output in
      ["train", "--data", scene.scratch.file("absent"), "--output", output]
    },
    spoiled(.withoutLabels, ["no train labels", "--data"]),
    spoiled(.fewerLabels, ["train-labels-idx1-ubyte", "2000 labels", "1999"]),
    spoiled(.truncated, ["train-images-idx3-ubyte", "1568016 bytes", "1567916 bytes", "after 1999 of them"]),
    spoiled(.truncatedGzip, ["train-images-idx3-ubyte.gz", "truncated gzip", "gzip -t"]),
    spoiled(.hugeHeader, ["train-images-idx3-ubyte", "[1000000000, 28, 28]", "2016 bytes"]),
    spoiled(.hugeCompressedHeader, ["train-images-idx3-ubyte.gz", "[1000000000, 28, 28]"]),
    spoiled(.notANumber, ["t10k-images-idx3-ubyte", "nan in image 10 (counted from 0), row 0, column 0"]),
    spoiled(.softLabels, ["train-labels-idx1-ubyte", "row 0 is 50, 50", "as the dimensions [2000]"]),
    spoiled(.largerImages, ["2000 samples of 28x28", "2000 of 56x56 or 8000 of 28x28"]),
    spoiled(.errorPage, ["train-images-idx3-ubyte", "HTML", "Fetch or write the file again"]),
  ]

  private static func spoiled(_ spoiling: Spoiling, _ mentions: [String]) -> Failure {
    Failure(spoiling.rawValue, 65, mentions) { scene, output in
      ["train", "--data", try scene.spoiled(spoiling), "--output", output]
    }
  }

  private static let model = [
    Failure("model that does not fit the data", 65, ["images of [28, 28]", "[4, 4]"]) { scene, _ in
      let model = try scene.train(["--max-steps", "0", "--model", "linear"]).path
      return ["evaluate", model, "--data", try scene.spoiled(.smallerImages)]
    },
    Failure("garbage for a model", 65, ["/garbage", "model.safetensors that Lockstep wrote"]) { scene, _ in
      [
        "evaluate", try scene.file("garbage", String(repeating: "garbage ", count: 500)), "--data",
        scene.data,
      ]
    },
    Failure("truncated model", 65, ["/part.safetensors", "that Lockstep wrote"]) { scene, _ in
      let model = try scene.train(["--max-steps", "0", "--model", "linear"]).model
      try scene.scratch.write(model.dropLast(4), to: "part.safetensors")
      return ["digest", scene.scratch.file("part.safetensors")]
    },
    Failure("missing model", 65, ["/absent", "No such file"]) { scene, _ in
      ["digest", scene.scratch.file("absent")]
    },
  ]

  private static let output = [
    Failure("run that exists", 64, ["--output", "a run (metrics.jsonl)", "Choose another"]) { scene, _ in
      let run = try scene.train(["--max-steps", "0", "--model", "linear"])
      return ["train", "--data", scene.data, "--max-steps", "0", "--quiet", "--output", run.path]
    },
    Failure("output below a file", 1, ["file/run", "Choose another --output"]) { scene, _ in
      let path = try scene.file("file", "in the way")
      return ["train", "--data", scene.data, "--max-steps", "0", "--output", path + "/run"]
    },
    Failure("digits below a file", 1, ["file/digits", "--output"]) { scene, _ in
      let path = try scene.file("file", "in the way")
      return ["synthesize", "--train", "10", "--test", "10", "--output", path + "/digits"]
    },
  ]
}
