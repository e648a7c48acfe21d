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


def recipe(text):
    """The values of a shipped recipe by its keys, as flags take them: lists in one line. Of YAML it knows what these files
    have."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    found = mapping(lines, 0)
    return {key: (", " if key == "network" else ",").join(value) if isinstance(value, list) else value
            for key, value in found.items()}  # fmt: skip


def mapping(lines, indent):
    """The keys of that indentation, each with a text or a list of texts."""
    found = {}
    while lines and len(lines[0]) - len(lines[0].lstrip()) == indent and lines[0][indent] != "-":
        key, _, value = (part.strip() for part in lines.pop(0).partition(":"))
        if value.startswith("["):
            found[key] = [part.strip() for part in value[1:-1].split(",")]
        else:
            found[key] = value or sequence(lines, len(lines[0]) - len(lines[0].lstrip()))
    return found


def sequence(lines, indent):
    """The items of that indentation; a block of layers, which is a mapping, as one text."""
    found = []
    while lines and lines[0].startswith(" " * indent + "- "):
        if ":" in lines[0]:
            lines[0] = " " * (indent + 2) + lines[0][indent + 2 :]
            found.append(" ".join(f"{key}({', '.join(part)})" for key, part in mapping(lines, indent + 2).items()))
        else:
            found.append(lines.pop(0)[indent + 2 :].strip())
    return found
