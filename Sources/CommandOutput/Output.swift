import LockstepCore

/// Writes to standard error, unbuffered and in one piece; ignores errors, such as a reader that went away.
package func writeError(_ text: String) {
  _ = writeAll(Array(text.utf8), to: 2)
}

/// Reports a line that matters for the interpretation of a result, which --quiet does not hide.
package func tell(_ text: String) { writeError(text + "\n") }

package func warn(_ text: String) { tell("lockstep: warning: \(text)") }

/// Writes results to standard output, unbuffered, so that failures are known.
///
/// Throws `LockstepError` (failure): a full disk, or a reader that went away.
package func writeResult(_ text: String) throws {
  do {
    try writeBytes(Array(text.utf8), to: 1)
  } catch let error as SystemError {
    throw LockstepError(
      .failure, "standard output", expected: "to write the results", found: error.description,
      fix: "Send it to where there is room and a reader")
  }
}
