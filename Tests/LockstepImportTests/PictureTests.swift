import Foundation
import LockstepCore
import LockstepImport
import Testing

/// Pictures as Pillow reads and scales them (`Tests/Golden/pictures.py`).
@Suite struct PictureTests {
  @Test func readsFilesAsPillowDoes() throws {
    for file in try GoldenPictures.load().files {
      let picture = try Picture(bytes: Array(#require(Data(base64Encoded: file.file))), path: file.name)
      let golden = try file.picture.picture
      #expect(picture.width == golden.width && picture.height == golden.height, "\(file.name)")
      try #require(picture.channels == golden.channels, "\(file.name)")
      // Versions of libjpeg round differently by one.
      let most = file.name.hasSuffix(".jpg") ? 2 : 0
      let difference = zip(picture.pixels, golden.pixels).map { abs(Int($0) - Int($1)) }.max()
      #expect(try #require(difference) <= most, "\(file.name)")
    }
  }

  @Test func scalesAsPillowDoes() throws {
    for scaling in try GoldenPictures.load().scalings {
      let (before, after) = (try scaling.from.picture, try scaling.to.picture)
      #expect(before.scaled(width: after.width, height: after.height) == after, "\(scaling.name)")
      #expect(try before.grey == scaling.grey.picture, "\(scaling.name)")
    }
  }

  @Test func damagedFilesAreRefused() throws {
    for file in try GoldenPictures.load().files {
      let bytes = Array(try #require(Data(base64Encoded: file.file)))
      let error = #expect(throws: LockstepError.self, "\(file.name)") {
        try Picture(bytes: Array(bytes[..<(bytes.count * 2 / 3)]), path: file.name)
      }
      #expect(error?.kind == .data && error?.subject == file.name)
    }
    let error = #expect(throws: LockstepError.self) {
      try Picture(bytes: Array("GIF89a".utf8), path: "a.png")
    }
    #expect(error?.found == "a GIF file")
  }

  /// A header that promises a square of 30,000 pixels is refused before there is memory for it.
  @Test func bombsAreRefusedBeforeAllocation() throws {
    let size: [UInt8] = [0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30]
    let chunk = Array("IHDR".utf8) + size + [8, 2, 0, 0, 0]
    var checksum = ~UInt32(0)
    for byte in chunk {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0xEDB8_8320 : checksum >> 1 }
    }
    let end = withUnsafeBytes(of: (~checksum).bigEndian) { Array($0) }
    let bomb =
      [0x89, 0x50, 0x4E, 0x47, 13, 10, 26, 10, 0, 0, 0, 13] + chunk + end + Array("\0\0\0\0IDAT".utf8)
    let error = #expect(throws: LockstepError.self) { try Picture(bytes: bomb, path: "bomb.png") }
    #expect(error?.found == "30000x30000")
    #expect(error?.expected?.contains("\(Picture.mostPixels) pixels") == true)
  }

  /// Exif's orientation 6: the camera was held so that the picture's right is its top.
  @Test func photosAreTurnedUpright() throws {
    let file = try #require(GoldenPictures.load().files.first { $0.name == "whole.jpg" })
    let bytes = Array(try #require(Data(base64Encoded: file.file)))
    let plain = try Picture(bytes: bytes, path: file.name)
    func turned(_ orientation: UInt8) throws -> Picture {
      let tag: [UInt8] = [0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0]
      let exif = Array("Exif\0\0MM\0*\0\0\0\u{8}".utf8) + tag
      return try Picture(
        bytes: bytes[..<2] + [0xFF, 0xE1, 0, UInt8(exif.count + 2)] + exif + bytes[2...], path: file.name)
    }
    func pixel(_ picture: Picture, _ x: Int, _ y: Int) -> [UInt8] {
      Array(picture.pixels[(y * picture.width + x) * 3..<(y * picture.width + x) * 3 + 3])
    }
    #expect(try turned(1) == plain && turned(9) == plain)
    let (right, bottom) = (plain.width - 1, plain.height - 1)
    // The upper left corner, and the pixel to its right, are these of the file.
    let corners: [UInt8: [(Int, Int)]] = [
      2: [(right, 0), (right - 1, 0)], 3: [(right, bottom), (right - 1, bottom)],
      4: [(0, bottom), (1, bottom)],
      5: [(0, 0), (0, 1)], 6: [(0, bottom), (0, bottom - 1)], 7: [(right, bottom), (right, bottom - 1)],
      8: [(right, 0), (right, 1)],
    ]
    for (orientation, places) in corners {
      let picture = try turned(orientation)
      for (x, place) in places.enumerated() {
        #expect(pixel(picture, x, 0) == pixel(plain, place.0, place.1), "\(orientation)")
      }
    }
  }

  @Test func planesAreChannelByChannel() {
    let picture = Picture(width: 2, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6])
    #expect(picture.planes == [1, 4, 2, 5, 3, 6])
    #expect(Picture(planes: picture.planes, channels: 3, height: 1, width: 2) == picture)
    #expect(picture.inverted.pixels == [254, 253, 252, 251, 250, 249])
  }

  @Test func coloursAreFound() {
    let grey = Picture(width: 2, height: 1, channels: 3, pixels: [9, 9, 9, 200, 206, 201])
    #expect(!grey.hasColour)
    #expect(Picture(width: 1, height: 1, channels: 3, pixels: [9, 9, 90]).hasColour)
    #expect(Picture(width: 1, height: 1, channels: 1, pixels: [9]).coloured.pixels == [9, 9, 9])
  }
}

/// `Tests/Golden/pictures.json`.
struct GoldenPictures: Decodable {
  struct File: Decodable {
    var name: String
    var file: String
    var picture: Pixels
  }

  struct Scaling: Decodable {
    var name: String
    var from: Pixels
    var to: Pixels
    var grey: Pixels
  }

  struct Pixels: Decodable {
    var width: Int
    var height: Int
    var channels: Int
    var pixels: String

    var picture: Picture {
      get throws {
        let bytes = Array(try #require(Data(base64Encoded: pixels)))
        return Picture(width: width, height: height, channels: channels, pixels: bytes)
      }
    }
  }

  var files: [File]
  var scalings: [Scaling]

  static func load() throws -> GoldenPictures {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Golden/pictures.json")
    return try JSONDecoder().decode(GoldenPictures.self, from: Data(contentsOf: path))
  }
}
