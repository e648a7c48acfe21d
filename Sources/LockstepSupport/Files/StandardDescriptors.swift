import PlatformC

/// Opens /dev/null for each of standard input, output and error that is closed. Otherwise the next file opened would
/// get its number, and a checkpoint the text meant for the terminal. Call it before any file is opened.
package func openStandardDescriptors() {
  for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
    // Gets the lowest free number, which is this one.
    _ = open("/dev/null", O_RDWR)
  }
}
