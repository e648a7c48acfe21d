import FuzzTargets
import LockstepCore
import PlatformC

/// `lockstep-fuzz TARGET FILE...` reads each file with the target and crashes on a finding. Built by `scripts/fuzz` it
/// has libFuzzer's main function and takes its options; `lockstep-fuzz TARGET --describe` prints what the script passes
/// on.
#if !LIBFUZZER
  @main
#endif
struct LockstepFuzz {
  private static let target = FuzzTarget.all.first { CommandLine.arguments.dropFirst().first == $0.name }

  static func main() {
    prepare()
    for file in CommandLine.arguments.dropFirst(2) {
      do { read(try readFile(file, limit: 1 << 30, kind: .usage)) } catch { fatalError("\(error)") }
    }
  }

  static func prepare() {
    guard let target else {
      print("usage: lockstep-fuzz \(FuzzTarget.all.map(\.name).joined(separator: "|")) FILE...")
      exit(64)
    }
    guard CommandLine.arguments.dropFirst(2).first == "--describe" else { return }
    print("# -max_len=\(target.longestInput) -malloc_limit_mb=\(target.largestAllocation)")
    for token in target.dictionary {
      print("\"" + token.map { ($0 < 16 ? "\\x0" : "\\x") + String($0, radix: 16) }.joined() + "\"")
    }
    exit(0)
  }

  static func read(_ bytes: [UInt8]) {
    do { _ = try target!.accepts(bytes) } catch { fatalError("\(error)") }
  }
}

#if LIBFUZZER
  /// Takes the target's name off the command line; the rest is libFuzzer's.
  @_cdecl("LLVMFuzzerInitialize")
  func initialize(
    count: UnsafeMutablePointer<Int32>,
    arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
  ) -> Int32 {
    LockstepFuzz.prepare()
    arguments.pointee[1] = arguments.pointee[0]
    arguments.pointee += 1
    count.pointee -= 1
    return 0
  }

  @_cdecl("LLVMFuzzerTestOneInput")
  func testOneInput(bytes: UnsafePointer<UInt8>?, count: Int) -> Int32 {
    LockstepFuzz.read(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
  }
#endif
