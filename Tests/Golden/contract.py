#!/usr/bin/env python3
"""Adds to Tests/Golden/contract.json what its runs come to by a lockstep's numerical contract.

    python3 Tests/Golden/contract.py .build/release/lockstep

The file has the runs, and by the contract's version what each comes to: the digest of the weights and the test loss.
A new run is written into "runs" by hand. Nothing that is there is changed: where a run comes to something else, the
version is no longer the same, and Build.contract has to be raised before this is run again.

Which runs there are: every shipped recipe, and what these do not have. Only tiny gradients summed in doubles show how
the grid of 2^-42 rounds, for which tiny-pixels has a micro-batch a sample.
"""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

FILE = pathlib.Path(__file__).parent / "contract.json"


def output(*command, folder=None):
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout


def result(lockstep, options, folder):
    """What a run comes to, as ContractTests reads it too: "WEIGHTS TEST-LOSS", the loss with all its digits."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        output(lockstep, "train", "--data", "digits", "--output", f"{run}/run", "--quiet", *options, folder=folder)
        end = pathlib.Path(f"{run}/run/metrics.jsonl").read_text().splitlines()[-1]
    loss, weights = (re.search(f'"{key}":"?([^",]+)', end)[1] for key in ("test_loss", "weights"))
    return f"{weights} {loss}"


def main():
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        sys.exit(__doc__)
    lockstep = str(pathlib.Path(sys.argv[1]).resolve())
    content = json.loads(FILE.read_text())
    version = re.search(r"numerical contract (\d+)", output(lockstep, "--version"))[1]
    known = content["contracts"].setdefault(version, {})
    with tempfile.TemporaryDirectory() as folder:
        output(lockstep, "synthesize", "--output", "digits", *content["digits"], folder=folder)
        found = {name: result(lockstep, options, folder) for name, options in content["runs"].items()}
    for name, text in found.items():
        if known.get(name, text) != text:
            sys.exit(f"{name}: contract {version} is {known[name]}, found {text}: raise Build.contract")
    added = sorted(found.keys() - known.keys())
    known.update(found)
    # A run a line.
    lines = json.dumps(content, indent=2)
    lines = re.sub(r"\[\s+([^\[\]]*?)\s+\]", lambda match: "[" + re.sub(r"\s*\n\s*", " ", match[1]) + "]", lines)
    FILE.write_text(lines + "\n")
    print(f"contract {version}: {len(found)} runs, of which new: {', '.join(added) or 'none'}")


main()
