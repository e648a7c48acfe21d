import LockstepCore
import Testing

/// Expects a LockstepError (.data) about `subject` whose text has all of the fragments, and a fix.
func expectDataError(
  _ subject: String, _ fragments: [String], sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> some Any
) {
  do {
    _ = try body()
    Issue.record("no error; expected one with \(fragments)", sourceLocation: sourceLocation)
  } catch let error as LockstepError {
    #expect(error.kind == .data, sourceLocation: sourceLocation)
    #expect(error.subject == subject, sourceLocation: sourceLocation)
    #expect(error.fix != nil, sourceLocation: sourceLocation)
    for fragment in fragments {
      #expect(error.description.contains(fragment), sourceLocation: sourceLocation)
    }
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}
