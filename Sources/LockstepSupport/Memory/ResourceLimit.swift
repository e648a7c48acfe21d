#if canImport(Glibc)
  import Glibc
  typealias Resource = __rlimit_resource
#elseif canImport(Darwin)
  import Darwin
  typealias Resource = Int32
#endif

/// This process's soft limit in bytes; nil for none.
func limit(on resource: Resource) -> Double? {
  var limit = rlimit()
  #if canImport(Glibc)
    let code = getrlimit(__rlimit_resource_t(resource.rawValue), &limit)
  #else
    let code = getrlimit(resource, &limit)
  #endif
  // Infinity is a very large number that differs between systems.
  return code == 0 && limit.rlim_cur < UInt64.max / 2 ? Double(limit.rlim_cur) : nil
}

/// If the soft CPU limit equals the hard one, which kills, lowers it by the time a checkpoint may take, so that SIGXCPU
/// comes first.
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

/// The soft limit in CPU seconds of all threads, `processors` of which may run at once; nil if nothing need be lowered.
package func softProcessorTime(hard: UInt64, processors: Int) -> UInt64? {
  guard hard > 1, hard < .max / 2 else { return nil }
  return hard - min(5 + 2 * UInt64(processors), hard / 2)
}
