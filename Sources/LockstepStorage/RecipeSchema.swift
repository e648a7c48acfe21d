import LockstepSupport
import LockstepTraining

/// The JSON schema of recipe files, for editors: completion, help and limits, derived from `Recipe.keys`.
package enum RecipeSchema {
  /// The whole schema (https://json-schema.org/draft/2020-12), with line breaks.
  package static var text: String {
    let properties = Recipe.keys.map { key in
      "    \(jsonString(key.name)): {\n      \(fields(of: key).joined(separator: ",\n      "))\n    }"
    }
    return """
      {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Lockstep recipe",
        "type": "object",
        "additionalProperties": false,
        "properties": {
      \(properties.joined(separator: ",\n"))
        }
      }

      """
  }

  private static func fields(of key: RecipeKey) -> [String] {
    let description = key.help + (key.defaultText.map { " Default: \($0)." } ?? "")
    let fallback = key.defaultText == nil ? key.defaultValue.map { value(of: key, $0) } : nil
    return ["\"description\": \(jsonString(description))"] + type(of: key)
      + (fallback.map { ["\"default\": \($0)"] } ?? [])
  }

  private static func type(of key: RecipeKey) -> [String] {
    switch key.values {
    case .choice(let names): ["\"enum\": [\(names.map(jsonString).joined(separator: ", "))]"]
    case .integer(let range): ["\"type\": \"integer\""] + limits(range)
    case .optional(let range):
      [
        "\"anyOf\": [{\((["\"type\": \"integer\""] + limits(range)).joined(separator: ", "))}, {\"const\": \"none\"}]"
      ]
    case .number(let range):
      ["\"type\": \"number\"", "\"minimum\": \(range.lowerBound)", "\"maximum\": \(range.upperBound)"]
    case .flag: ["\"type\": \"boolean\""]
    case .list where key.name == "network":
      // Blocks are objects.
      ["\"type\": [\"array\", \"string\"]", "\"items\": {\"type\": [\"string\", \"object\"]}"]
    case .list:
      ["\"type\": [\"array\", \"string\", \"number\"]", "\"items\": {\"type\": [\"string\", \"number\"]}"]
    case .text: ["\"type\": \"string\""]
    }
  }

  private static func limits(_ range: ClosedRange<Int>) -> [String] {
    ["\"minimum\": \(range.lowerBound)"]
      + (range.upperBound == .max ? [] : ["\"maximum\": \(range.upperBound)"])
  }

  private static func value(of key: RecipeKey, _ text: String) -> String {
    switch key.values {
    case .integer, .number, .optional: text
    default: jsonString(text)
    }
  }
}
