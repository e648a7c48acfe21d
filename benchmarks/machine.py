"""What the measuring programs share: where things are, how Lockstep is run, and how results reach a document."""

import gzip
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOCKSTEP = ROOT / ".build/release/lockstep"
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
# The peers' MLP and CNN, on pixels in 0...1 as they get them.
MLP = ["--model", "mlp", "--hidden", "512,512", "--optimizer", "sgd", "--momentum", "0", "--lr", "0.01",
       "--schedule", "constant"]  # fmt: skip
CNN = ["--model", "cnn", "--optimizer", "adam", "--lr", "0.001"]
PLAIN = ["--normalize", "none"]


class Failed(Exception):
    pass


def output_of(command, **how):
    """Standard output of a command that must succeed; `how` goes to subprocess.run."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **how)
    if done.returncode != 0:
        raise Failed(f"status {done.returncode} from: {' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return done.stdout


def mpirun(ranks):
    return ["mpirun", "-np", str(ranks), "--hostfile", str(ROOT / "hostfile")]


def lockstep(*arguments, ranks=None, binary=LOCKSTEP):
    """The command line, of one process or of ranks."""
    return [*(mpirun(ranks) if ranks else []), str(binary), *map(str, arguments)]


def doctor(*flags):
    """What `lockstep doctor` says of this machine."""
    return json.loads(output_of(lockstep("doctor", "--json", *flags)))


def best_doctor(*flags):
    """The best of five: what else runs on the machine only ever takes from a speed."""
    reports = [doctor(*flags) for _ in range(5)]
    return {key: max(report[key] for report in reports) for key in reports[0]}


def epochs_of(command, data, epochs, **how):
    """The `epoch` events of a training run's metrics.jsonl."""
    with tempfile.TemporaryDirectory() as run:
        output_of([*command, "--data", data, "--output", run, "--quiet", "--epochs", str(epochs)], **how)
        events = map(json.loads, pathlib.Path(run, "metrics.jsonl").read_text().splitlines())
        return [event for event in events if event["event"] == "epoch"]


def seconds_of(command, data, epochs, **how):
    """Seconds of each epoch after the first, which warms up."""
    return [epoch["seconds"] for epoch in epochs_of(command, data, epochs + 1, **how)][1:]


def choose_data(given):
    """The same choice as scripts/train: what is asked for, MNIST where it was fetched, or synthesized digits."""
    for directory in (given, os.environ.get("LOCKSTEP_DATA"), str(ROOT / "data/mnist")):
        if directory and (directory == given or pathlib.Path(directory).is_dir()):
            return str(pathlib.Path(directory).resolve())
    print("No MNIST here (scripts/fetch-data fetches it): synthesizing as many digits.", file=sys.stderr)
    return synthesize(60000)


def synthesize(train):
    """A directory of synthesized digits, drawn once."""
    directory = ROOT / f".build/bench-data-{train}"
    if not directory.is_dir():
        output_of(lockstep("synthesize", "--output", f"{directory}.part", "--train", train, "--test", 10000))
        os.rename(f"{directory}.part", directory)
    return str(directory)


def plain_recipe(name):
    """The flags of a shipped recipe without augmentation, which the peers do not do, at one learning rate."""
    lines = (ROOT / f"recipes/{name}.yaml").read_text().splitlines(keepends=True)
    file = ROOT / f".build/bench-{name}.yaml"
    file.write_text("".join(line for line in lines if not line.startswith("augment-")))
    return ["--recipe", str(file), "--schedule", "constant"]


def data_of(work, digits):
    """The directory of a work's samples: the digits, or for the residual network colour images, drawn once."""
    return draw_colours(1280) if work.startswith("resnet") else digits


def draw_colours(train):
    """IDX files of 3 x 32 x 32 pixels: noise, and in one channel a bar at a height that depends on the label."""
    directory = ROOT / f".build/bench-colours-{train}"
    if directory.is_dir():
        return str(directory)
    part, drawn, darker = pathlib.Path(f"{directory}.part"), random.Random(1), bytes(i // 2 for i in range(256))
    part.mkdir(parents=True, exist_ok=True)
    for name, count in (("train", train), ("t10k", 256)):
        images, labels = bytearray([0, 0, 8, 4]), bytearray([0, 0, 8, 1])
        for size in (count, 3, 32, 32):
            images += size.to_bytes(4, "big")
        labels += count.to_bytes(4, "big")
        for _ in range(count):
            label, pixels = drawn.randrange(10), bytearray(drawn.randbytes(3072).translate(darker))
            at = label % 3 * 1024 + label * 96
            pixels[at : at + 128] = bytes([200]) * 128
            images += pixels
            labels.append(label)
        (part / f"{name}-images-idx4-ubyte").write_bytes(images)
        (part / f"{name}-labels-idx1-ubyte").write_bytes(labels)
    os.rename(part, directory)
    return str(directory)


def training_samples(directory):
    """Read from the header of the training labels, as the peers name the file."""
    path = pathlib.Path(directory, "train-labels-idx1-ubyte")
    with path.open("rb") if path.exists() else gzip.open(f"{path}.gz") as file:
        return int.from_bytes(file.read(8)[4:], "big")


def spread(values, unit=""):
    return f"{statistics.median(values):.2f}{unit} ({min(values):.2f}..{max(values):.2f})"


def warn_of_load():
    if (load := os.getloadavg()[0]) > CORES / 4:
        print(f"Others are using this machine (load {load:.1f}): expect a wide spread.", file=sys.stderr)


class Report:
    """Prints lines as they come, and at the end puts them into a document between <!-- NAME --> and <!-- /NAME -->."""

    def __init__(self, name, into=None):
        self.name, self.into, self.lines = name, into, []
        if into and not all(mark in pathlib.Path(into).read_text() for mark in self.marks):
            raise Failed(f"{into}: expected the lines {' and '.join(self.marks)}")

    @property
    def marks(self):
        return f"<!-- {self.name} -->", f"<!-- /{self.name} -->"

    def add(self, line):
        self.lines.append(line)
        print(line, flush=True)

    def publish(self):
        if not self.into:
            return
        document = pathlib.Path(self.into)
        before, rest = document.read_text().split(self.marks[0], 1)
        after = rest.split(self.marks[1], 1)[1]
        body = "\n".join([self.marks[0], *self.lines, self.marks[1]])
        document.write_text(before + body + after)
