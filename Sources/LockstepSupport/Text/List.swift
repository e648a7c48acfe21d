/// Comma-separated elements; nil if one cannot be read. An empty text is an empty list.
package func list<T>(_ text: String, _ element: (String) -> T?) -> [T]? {
  let parts = text.split(separator: ",").map { element($0.filter { $0 != " " }) }
  return parts.contains { $0 == nil } ? nil : parts.compactMap { $0 }
}
