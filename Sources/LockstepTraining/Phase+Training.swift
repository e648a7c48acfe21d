import LockstepSupport

extension Phase {
  package static let loadingData = Phase(rawValue: 1)
  package static let computing = Phase(rawValue: 2)
  package static let waitingForGradients = Phase(rawValue: 3)
  package static let updating = Phase(rawValue: 4)
  package static let evaluating = Phase(rawValue: 5)
  package static let comparingReplicas = Phase(rawValue: 6)
  package static let waitingForCheckpoint = Phase(rawValue: fileAccess | 2)

  package static let allOfTraining: [Phase] = [
    .starting, .loadingData, .computing, .waitingForGradients, .updating, .evaluating, .comparingReplicas,
    .readingFile, .writingFile, .waitingForCheckpoint,
  ]

  /// What a rank of a training is at, in words; for a `StallWatch`.
  @Sendable public static func describe(_ phase: Phase, step: Int) -> String {
    switch phase {
    case .starting: "starting"
    case .loadingData: "loading data"
    case .computing: "forward and backward of step \(step)"
    case .waitingForGradients: "waiting for the others' gradients of step \(step)"
    case .updating: "the update of step \(step)"
    case .evaluating: "evaluating after step \(step)"
    case .comparingReplicas: "comparing replicas after step \(step)"
    case .readingFile: "reading a file" + (step > 0 ? " after step \(step)" : "")
    case .writingFile: "writing a file" + (step > 0 ? " after step \(step)" : "")
    case .waitingForCheckpoint: "writing the checkpoint of step \(step)"
    default: "an unknown phase"
    }
  }
}
