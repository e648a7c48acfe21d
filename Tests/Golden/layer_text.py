"""How a list of layers is written, for scripts with PyTorch and without it."""


def parts(text, separator):
    """The parts of a text between separators that are in no parentheses."""
    found, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == separator and depth == 0:
            found.append("")
        else:
            found[-1] += c
    return found
