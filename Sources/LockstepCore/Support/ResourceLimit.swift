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
