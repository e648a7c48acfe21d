import LockstepCore
import LockstepImport
import Testing

/// Pictures of reports, as libpng reads them.
@Suite struct PNGFileTests {
  @Test func libpngReadsThem() throws {
    let grey = (0..<15).map { UInt8($0 * 17) }
    let found = try Picture(
      bytes: PNGFile(width: 5, height: 3, .grey, pixels: grey).bytes, path: "grey")
    #expect(found.width == 5 && found.height == 3 && found.pixels == grey)
    let rgb = (0..<3 * 64 * 64).map { UInt8(truncatingIfNeeded: $0 &* 97) }
    let colours = try Picture(
      bytes: PNGFile(width: 64, height: 64, .rgb, pixels: rgb).bytes, path: "rgb")
    #expect(colours.width == 64 && colours.height == 64 && colours.channels == 3)
    #expect(colours.pixels == rgb)
  }
}
