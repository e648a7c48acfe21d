/// Joins flags with values that begin with a dash, as in `--lr -0.1`, into `--lr=-0.1`: the parser would take the value
/// for a flag and report it as missing. The only flag with one dash is `-h`.
package func joiningValues(of arguments: [String]) -> [String] {
  var joined: [String] = []
  for argument in arguments {
    if argument.hasPrefix("-"), !argument.hasPrefix("--"), argument != "-h",
      let flag = joined.last, flag.hasPrefix("--"), flag.count > 2, !flag.contains("=")
    {
      joined[joined.count - 1] = flag + "=" + argument
    } else {
      joined.append(argument)
    }
  }
  return joined
}
