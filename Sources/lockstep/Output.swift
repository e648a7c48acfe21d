import LockstepCore

/// Writes to standard error, unbuffered and in one piece; in vain where its reader has gone.
func writeError(_ text: String) {
  _ = writeAll(Array(text.utf8), to: 2)
}

/// Tells what changes how a result is to be read, which --quiet does not hide.
func tell(_ text: String) { writeError(text + "\n") }

func warn(_ text: String) { tell("lockstep: warning: \(text)") }

/// Writes results to standard output: whole and now, so that what could not be written is known.
///
/// Throws `LockstepError` (failure): a full disk, or a reader that went away.
func writeResult(_ text: String) throws {
  do {
    try writeBytes(Array(text.utf8), to: 1)
  } catch let error as SystemError {
    throw LockstepError(
      .failure, "standard output", expected: "to write the results", found: error.description,
      fix: "Send it to where there is room and a reader")
  }
}
