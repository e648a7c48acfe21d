/// Writes to standard error, unbuffered and in one piece; in vain where its reader has gone.
public func writeError(_ text: String) {
  _ = writeAll(Array(text.utf8), to: 2)
}
