import Foundation
import Testing

/// What `scripts/launch`, `scripts/train` and `scripts/install` do for several machines. Here these are stand-ins;
/// `scripts/test-cluster` has real ones.
@Suite struct MachinesTests {
  let checkout: Checkout

  init() throws {
    checkout = try Checkout()
    try checkout.program(Library.launcher, #"echo "$*"; env | grep ^OMPI_MCA_ || true"#)
    try checkout.program("getent", "echo 10.1.0.7 STREAM $2")
    try checkout.writeBinary(isCurrent: true)
    try checkout.write("one slots=2\ntwo slots=3 # more\n", to: "machines")
    try write(route: "10.1.0.7 dev ib0 src 10.1.0.1 uid 0")
  }

  private func write(route: String) throws {
    let address = "3: ib0 inet 10.1.0.1/16 scope global"
    try checkout.program(
      "ip", "case $* in *'route get'*) echo '\(route)' ;; *) echo '\(address)' ;; esac")
  }

  private func launch(_ arguments: [String] = [], with variables: [String] = []) throws -> CommandResult {
    try checkout.script(
      "launch", ["-np", "5", "--hostfile", checkout.file("machines")] + arguments + ["lockstep"],
      through: ["env"] + variables)
  }

  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func tellsMPIWhatSeveralMachinesNeed() throws {
    let result = try launch(with: ["LOCKSTEP_DATA=/some", "LOCKSTEP_HANG_SECONDS=9"])
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.hasPrefix("-x LOCKSTEP_DATA -np 5"), "\(result.output)")
    for setting in [
      "btl_tcp_if_include=10.1.0.1/16", "oob_tcp_if_include=10.1.0.1/16", "oob_tcp_keepalive_time=2",
      "plm_rsh_agent=ssh -o BatchMode=yes",
    ] { #expect(result.output.contains("OMPI_MCA_" + setting), "\(result.output)") }
  }

  /// It reads no slots, hands all variables on, and asks for no password.
  @Test(.enabled(if: !Library.isOpenMPI, "is about MPICH's options")) func tellsMPICHWhatSeveralMachinesNeed()
    throws
  {
    try checkout.program(Library.launcher, #"echo "$*"; echo "$HYDRA_LAUNCHER_EXTRA_ARGS""#)
    let result = try launch(with: ["LOCKSTEP_DATA=/some"])
    #expect(result.output == "-np 5 -hosts one:2,two:3 lockstep\n-o BatchMode=yes -o ConnectTimeout=10\n")
  }

  /// The network of this machine is not that of the others then.
  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func leavesOutWhatHangsBehindARouter() throws {
    try write(route: "10.1.0.7 via 10.1.0.254 dev ib0 src 10.1.0.1")
    let result = try launch()
    #expect(result.output.contains("btl_tcp_if_exclude=127.0.0.0/8,docker0,virbr0"), "\(result.output)")
    #expect(!result.output.contains("if_include"), "\(result.output)")
  }

  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func theUsersSettingsWin() throws {
    let result = try launch(
      ["--mca", "btl_tcp_if_exclude", "lo", "--mca", "oob_tcp_keepalive_time", "9"],
      with: ["OMPI_MCA_oob_tcp_if_include=eth7", "OMPI_MCA_plm_rsh_agent=rsh"])
    let lines = result.output.split(separator: "\n")
    #expect(
      lines.contains("OMPI_MCA_oob_tcp_if_include=eth7") && lines.contains("OMPI_MCA_plm_rsh_agent=rsh"))
    for setting in ["btl_tcp_if", "oob_tcp_if_exclude", "oob_tcp_keepalive_time"] {
      #expect(!result.output.contains("OMPI_MCA_" + setting), "\(result.output)")
    }
  }

  @Test func thisMachineNeedsNothing() throws {
    try checkout.write("localhost slots=8\n", to: "machines")
    let result = try launch(with: ["LOCKSTEP_DATA=/some"])
    #expect(result.output.hasPrefix("-np 5"), "\(result.output)")
    #expect(!result.output.contains("_tcp_"), "\(result.output)")
  }

  /// mpirun may wait for it for ever.
  @Test(.enabled(if: Library.isOpenMPI, Library.onlyOpenMPI)) func namesAMachineThatIsLost() throws {
    let rule = String(repeating: "-", count: 74)
    try checkout.program(
      Library.launcher,
      """
      trap '' TERM
      echo '\(rule)
      ORTE has lost communication with a remote daemon.

        HNP daemon   : [[1,0],0] on node zero
        Remote daemon: [[1,0],2] on node two

      This is usually due to a failure.
      \(rule)' >&2
      while :; do sleep 1; done
      """)
    let result = try launch(with: ["LOCKSTEP_HANG_SECONDS=1"])
    #expect(result.status == 1)
    #expect(result.errors.contains("lockstep: two with ranks 2 to 4 is lost"), "\(result.errors)")
    #expect(result.errors.contains("mpirun hangs"), "\(result.errors)")
    #expect(!result.errors.contains("ORTE"), "\(result.errors)")
  }

  /// What a machine answers, and what is made of it.
  @Test(arguments: [
    ("exec sh -c \"$command\"", ""),
    (
      "echo 'me@two: Permission denied (publickey).'; exit 255",
      "two: me@two: Permission denied (publickey). It"
    ),
    ("echo 'cksum: /it/lockstep: No such file or directory'; exit 1", "two: has no "),
    ("echo '1 2 /it'", "two: has another "),
    ("echo 'lockstep: error while loading shared libraries: libmpi.so.40: no'; exit 127", "libmpi.so.40"),
    ("echo 'ssh: connect to host two port 22: Connection refused'; exit 255", "is it up?"),
  ]) func asksEachMachineFirst(answer: String, told: String) throws {
    let answer = answer.replacingOccurrences(of: "/it/", with: checkout.file(Library.scratch + "/release/"))
    try checkout.program(
      "ssh",
      """
      for command; do :; done
      case " $* " in *' two '*) \(answer) ;; *) exec sh -c "$command" ;; esac
      """)
    let variables = ["env", "-u", "NP", "HOSTFILE=" + checkout.file("machines")]
    let result = try checkout.script("train", ["--epochs", "1"], through: variables)
    #expect(result.status == (told.isEmpty ? 0 : 1), "\(result.errors)")
    #expect(result.errors.contains(told) || told.isEmpty, "\(result.errors)")
    #expect(!result.errors.contains("one: "), "\(result.errors)")
    #expect(result.output.contains("-np 5 -") == told.isEmpty, "\(result.output)")
  }

  @Test func takesABinaryThatIsGiven() throws {
    let variables = ["env", "LOCKSTEP=\(Library.scratch)/release/lockstep"]
    let result = try checkout.script("train", ["--epochs", "1"], through: variables)
    #expect(result.output == "ran train --epochs 1\n", "\(result.errors)")
    #expect(checkout.called == "", "it builds: \(checkout.called)")
    let missing = try checkout.script("train", [], through: ["env", "LOCKSTEP=/absent/lockstep"])
    #expect(missing.status == 1 && missing.errors.contains("/absent/lockstep"), "\(missing.errors)")
  }

  @Test func installsIntoDirectoriesOnly() throws {
    let result = try checkout.script("install", [checkout.file("machines/prefix")])
    #expect(result.status == 1)
    #expect(result.errors.contains("machines/prefix: expected a directory"), "\(result.errors)")
    #expect(checkout.called == "", "it builds: \(checkout.called)")
  }
}
