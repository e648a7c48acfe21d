import PlatformC

/// Opens those of standard input, output and error that are closed on /dev/null. Otherwise the next files that are
/// opened get their numbers, and a checkpoint what was meant for the terminal. To be called before any file is opened.
public func openStandardDescriptors() {
  for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 && errno == EBADF {
    // The lowest free number, hence this one: those below are open by now.
    _ = open("/dev/null", O_RDWR)
  }
}
