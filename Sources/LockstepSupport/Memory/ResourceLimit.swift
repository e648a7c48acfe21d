#if canImport(Glibc)
  import Glibc
  typealias Resource = __rlimit_resource
#elseif canImport(Darwin)
  import Darwin
  typealias Resource = Int32
#endif

/// The limit that this process is under (setrlimit's soft one), in bytes; nil where there is none.
func limit(on resource: Resource) -> Double? {
  var limit = rlimit()
  #if canImport(Glibc)
    let code = getrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  #else
    let code = getrlimit(resource, &limit)
  #endif
  // Infinity is the largest number, which is another one on each system.
  return code == 0 && limit.rlim_cur < UInt64.max / 2 ? Double(limit.rlim_cur) : nil
}

/// Where the soft limit on processor time is the hard one, which kills, lowers it by as much as a checkpoint may take:
/// SIGXCPU then comes first.
func lowerProcessorTimeLimit() {
  #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_CPU.rawValue)
  #else
    let resource = RLIMIT_CPU
  #endif
  var limit = rlimit()
  guard getrlimit(resource, &limit) == 0, limit.rlim_cur == limit.rlim_max,
    let seconds = softProcessorTime(
      hard: UInt64(limit.rlim_max), processors: Processors.allowed.count)
  else { return }
  limit.rlim_cur = rlim_t(seconds)
  setrlimit(resource, &limit)
}

/// In seconds of all threads together, of which `processors` use as many at once. nil where nothing is to be lowered.
package func softProcessorTime(hard: UInt64, processors: Int) -> UInt64? {
  guard hard > 1, hard < .max / 2 else { return nil }
  return hard - min(5 + 2 * UInt64(processors), hard / 2)
}
