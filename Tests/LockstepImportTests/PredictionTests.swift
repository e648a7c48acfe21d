import LockstepImport
import Testing

/// What is said of a picture, and how pictures are named.
@Suite struct PredictionTests {
  private let prediction = Prediction(
    input: "a,\"b\".png",
    picture: Picture(width: 2, height: 3, channels: 1, pixels: [255, 0, 255, 255, 0, 255]),
    label: 0, probabilities: [0.25, 0.75])

  @Test func linesOfCSVAndJSON() {
    #expect(Prediction.csvHeader(classes: 2) == "input,predicted,label,p0,p1")
    #expect(prediction.csv == #""a,""b"".png",1,0,0.25,0.75"#)
    #expect(
      prediction.json(names: ["cat", "dog"])
        == #"{"input":"a,\"b\".png","predicted":1,"class":"dog","label":0,"probabilities":[0.25,0.75]}"#)
  }

  @Test func picturesAndBars() {
    let text = prediction.text(names: ["cat", "dog"], colours: false)
    #expect(
      text == """
        a,"b".png: dog, 75.00%, labelled cat
        █▄  cat ██████                   25.00%
         ▀  dog ██████████████████       75.00%

        """)
    #expect(prediction.text(names: ["cat", "dog"], colours: true).contains("\u{1B}[38;5;255;48;5;255m▀"))
  }

  @Test func ofManyClassesTheLikeliestAreShown() {
    var many = prediction
    many.probabilities = .init(repeating: 0.001, count: 100)
    (many.probabilities[70], many.probabilities[7]) = (0.6, 0.3)
    let lines = many.text(names: (0..<100).map { "class \($0)" }, colours: false).split(separator: "\n")
    #expect(lines.count == 11)
    #expect(lines[1].contains("class 70") && lines[2].contains("class 7 "))
  }

  @Test func listsAndNumbers() throws {
    var lines = ["b.png", "", "c.png"]
    let files = try PictureList.files(["a.png", "-"]) { lines.isEmpty ? nil : lines.removeFirst() }
    #expect(files == ["a.png", "b.png", "c.png"])
    #expect(PictureList.label(of: "test/7/a.png", classNames: ["6", "7"]) == 1)
    #expect(PictureList.label(of: "7.png", classNames: ["6", "7"]) == nil)
    #expect(PictureList.numbers("0,5-7") == [0, 5, 6, 7])
    for text in ["", "-1", "7-5", "a", "1,", "1-2-3"] { #expect(PictureList.numbers(text) == nil, "\(text)") }
  }
}
