import ArgumentParser
import CommandOutput
import LockstepCore
import LockstepImport

struct Import: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a dataset of your own pictures, arrays or tables.",
    discussion: """
      SOURCE is a folder with a folder of PNG or JPEG pictures for each class, at once or in train and test; an .npz \
      file (Keras, MedMNIST); .npy files (x_train.npy, y_train.npy); a CSV file with a column 'label', or with the \
      labels first; or IDX files, also where torchvision left them. The dataset has IDX files, the names of the \
      classes in classes.txt, and in import.json what was done, which train hands on to the model and predict does \
      to pictures. The same source, options and seed give the same bytes.
      """)

  @Argument(help: "A folder or a file.") var source: String
  @Option(help: ArgumentHelp("The folder to make.", valueName: "dir")) var output: String
  @Option(
    help: ArgumentHelp(
      "Height and width that pictures are scaled to, such as 28x28 (default: that of all, if it is one).",
      valueName: "HxW"))
  var size: String?
  @Flag(help: "Shades of grey (default: what the pictures have).") var grey = false
  @Flag(help: "Red, green and blue, [n, 3, height, width].") var rgb = false
  @Flag(help: "Black for white: networks learn bright on dark better.") var invert = false
  @Flag(
    help: ArgumentHelp(
      "Put pictures where MNIST has its digits: bright on dark, in 20 of 28 pixels, the centre of mass in the middle. "
        + "Arrays are taken to be so already."))
  var centre = false
  @Option(
    help: ArgumentHelp("The fraction of each class that becomes the test set, such as 0.2.", valueName: "X"))
  var testSplit: Double?
  @Option(help: "Decides order and split.") var seed: UInt64 = 1
  @Flag(help: "Refuse what would be left out: pictures that cannot be read, files that are none.")
  var strict = false
  @Option(help: "Threads (default: the cores that it may use).") var threads: Int?

  func validate() throws {
    if output.isEmpty { throw ValidationError("--output: expected a folder, found ''") }
    if let size, PictureForm.size(size) == nil {
      throw ValidationError(
        "--size: expected height and width from 1 to 4096, such as 28x28, found '\(size)'")
    }
    if grey, rgb { throw ValidationError("--grey, --rgb: expected one of them, found both") }
    if rgb, centre { throw ValidationError("--centre: expected grey pictures, found --rgb") }
    if let testSplit, !(testSplit > 0 && testSplit < 1) {
      throw ValidationError("--test-split: expected a fraction above 0 and below 1, found \(testSplit)")
    }
  }

  func run() throws {
    var options = ImportOptions(source: source, output: output)
    options.size = size.flatMap(PictureForm.size)
    options.channels = grey || centre ? 1 : rgb ? 3 : nil
    (options.inverts, options.centres, options.testSplit) = (invert, centre, testSplit)
    (options.seed, options.isStrict, options.threads) = (seed, strict, threads)
    let progress = Progress()
    let result = try Importer(options, note: { progress.line($0) }) { done, total in
      let fraction = Double(done) / Double(max(total, 1))
      progress.update(fraction) { "\(percent(fraction)) of \(total) samples imported" }
    }.run()
    progress.finish()
    let shape = result.shape.map(String.init).joined(separator: "x")
    let left = result.skipped.isEmpty ? "" : ", \(result.skipped.count) left out"
    try writeResult(
      "\(result.train) training and \(result.test) test samples of \(shape) in \(result.classes.count) classes in "
        + "\(output)\(left)\n")
  }
}
