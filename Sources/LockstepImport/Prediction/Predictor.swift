import LockstepData
import LockstepRanks
import LockstepRun
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Predicts the classes of pictures with a saved model: the probabilities are those of `lockstep evaluate
/// --predictions` to the last bit, whatever other samples are computed with one.
public final class Predictor {
  /// The model.
  public let model: Model
  /// What is done to pictures; nil if the network's input is no picture.
  public let form: PictureForm?
  /// Whether the model does not say what was done to the pictures that it was trained on.
  public var lacksRecord: Bool { form != nil && model.pictures == nil }
  /// A name for each class; of numbers, each's own number.
  public let classNames: [String]
  /// Whether the model gives numbers, not classes.
  public var givesNumbers: Bool { model.regression != nil }
  private let path: String
  private let isAsIs: Bool
  private let team: ThreadTeam
  private let evaluator: Evaluator

  /// Samples that are computed at a time.
  public static let batchSize = 256

  /// `asIs` leaves out all but the size and the channels of the network's input; `threads` is nil for the cores that
  /// this process may use.
  ///
  /// - Throws: LockstepError (data) for a file that is no model.
  public init(path: String, asIs: Bool = false, threads: Int? = nil) throws {
    let alone = SingleProcess()
    (self.path, isAsIs, model) = (path, asIs, try Model(path: path))
    team = try makeTeam(threads, alone)
    evaluator = try Evaluator(
      model.network, normalization: model.normalization, regression: model.regression, collective: alone,
      team: team)
    var form = model.pictures ?? PictureForm(networkInput: model.network.inputShape)
    if asIs { form?.keepAsIs() }
    self.form = form
    classNames = model.classNames ?? (0..<model.network.classes).map(String.init)
  }

  /// The pictures of some files as the network sees them, or why they cannot be read.
  ///
  /// - Throws: LockstepError (data) if the network takes no pictures, or was trained on numbers that are no bytes and
  ///   `asIs` does not say that pictures are like them.
  public func pictures(of files: [String]) throws -> [Result<Picture, LockstepError>] {
    guard let form else {
      throw LockstepError(
        .data, path, expected: "a model of pictures, [height, width] or [3, height, width]",
        found: "one of samples of \(model.network.inputShape)",
        fix: "Give a dataset's samples by --data DIR --index N")
    }
    guard model.element == .uint8 || isAsIs else {
      throw LockstepError(
        .data, path, expected: "a model of pictures, whose pixels are bytes",
        found: "one of \(model.element) numbers",
        fix:
          "Give a dataset's samples by --data DIR --index N; or, if it was trained on pixels from 0 to 1, --as-is"
      )
    }
    var result = files.map { Result<Picture, LockstepError>.failure(.init(.failure, $0, found: "not read")) }
    result.withUnsafeMutableBufferPointer { result in
      let place = result
      team.split(files.count) { range in
        for i in range {
          place[i] = Result { try Picture(path: files[i]).prepared(as: form) }
            .mapError { $0 as? LockstepError ?? LockstepError(.failure, files[i], found: "\($0)") }
        }
      }
    }
    return result
  }

  /// A picture as people see it, of one as the network sees it.
  public func upright(_ picture: Picture) -> Picture {
    form?.isTransposed == true ? picture.transposed : picture
  }

  /// The probability of each class, [pictures, classes], or the numbers that the model gives.
  public func probabilities(of pictures: [Picture]) throws -> [[Double]] {
    try probabilities(
      of: SampleTable(
        count: pictures.count, shape: model.network.inputShape, element: .uint8,
        copying: pictures.flatMap(\.planes)))
  }

  /// The probability of each class for samples as datasets have them, [samples, classes], or the numbers that the model
  /// gives.
  ///
  /// - Throws: LockstepError (data) for samples of another shape than the network's input.
  public func probabilities(of samples: SampleTable) throws -> [[Double]] {
    var result: [[Double]] = []
    let classes = model.network.classes
    // The labels count for a loss, which nobody asks for.
    let split = Split(images: samples, labels: .init(repeating: 0, count: samples.count))
    try evaluator.predictions(model.parameters, on: split) { samples, found in
      for row in samples {
        let start = (row - samples.lowerBound) * classes
        result.append(Array(found[start..<start + classes]))
      }
    }
    return result
  }
}
