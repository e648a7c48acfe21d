"""Who takes part in a work of scripts/bench, how each is started, and how many operations the work takes."""

import itertools
import json

from machine import CNN, CORES, LOCKSTEP, MLP, PLAIN, ROOT, lockstep, mpirun, output_of, plain_recipe, seconds_of

RANKS = 4
WORKS = ["mlp-64", "mlp-512", "cnn-100", "best-100", "resnet-128", "mlp-64-np4", "mlp-512-np4", "cnn-100-np4",
         "best-100-np4", "resnet-128-np4"]  # fmt: skip
MODELS, RECIPES = {"mlp": MLP, "cnn": CNN}, {"best": "mnist-best", "resnet": "resnet-20"}
# The learning rates of the networks that PyTorch tries in both layouts of images: those of the recipes.
RATES = {"best": "0.001", "resnet": "0.1"}

# Multiply-adds that each layer's forward pass takes for a sample.
LAYERS = {
    "mlp": [784 * 512, 512 * 512, 512 * 10],
    # Convolutions: outputs (24x24x10, 8x8x20) times the inputs of each (5x5x1, 5x5x10).
    "cnn": [24 * 24 * 10 * 25, 8 * 8 * 20 * 250, 320 * 50, 50 * 10],
    "best": [26 * 26 * 32 * 9, 24 * 24 * 32 * 288, 10 * 10 * 64 * 288, 8 * 8 * 64 * 576, 1024 * 256, 256 * 10],
    # Of three widths; the second and the third begin with a stride and have a convolution of 1x1 as a shortcut.
    "resnet": [32 * 32 * 16 * 27, *6 * [32 * 32 * 16 * 144],
               16 * 16 * 32 * 144, *5 * [16 * 16 * 32 * 288], 16 * 16 * 32 * 16,
               8 * 8 * 64 * 288, *5 * [8 * 8 * 64 * 576], 8 * 8 * 64 * 32, 64 * 10],
}


def operations(layers):
    """Floating-point operations that training takes for a sample, two a multiply-add: a layer's weight gradient takes as
    many as its forward pass, and so does its input gradient, which the first layer does not need."""
    return 2 * (3 * sum(layers) - layers[0])


class Contender:
    """A peer: a name, the Python modules it needs, and a command. Of those with the same `variant_of` only the fastest
    goes on after the first round."""

    def __init__(self, name, needs, command, variant_of=None):
        self.name, self.needs, self.command, self.variant_of = name, needs, command, variant_of or name

    def run(self, data, epochs):
        """Seconds of each measured epoch; one more goes before them, to warm up."""
        command = [*self.command, "--data", data, "--epochs", str(epochs)]
        return json.loads(output_of(command).splitlines()[-1])["seconds"]


class Lockstep(Contender):
    def __init__(self, name, command):
        super().__init__(name, [], command)

    def run(self, data, epochs):
        return seconds_of(self.command, data, epochs)


def train_command(work, binary=LOCKSTEP, extra=PLAIN):
    """Lockstep's command line for a work: the model and the global batch, and -np4 for four ranks."""
    model, batch, *ranks = work.split("-")
    layers = MODELS[model] if model in MODELS else plain_recipe(RECIPES[model])
    command = ["train", *layers, "--batch-size", batch, *extra]
    return lockstep(*command, ranks=RANKS if ranks else None, binary=binary)


def without_normalization():
    """The network of resnet-20 as `--network` takes it, without batch normalization."""

    def residual(channels, stride):
        first, shortcut = f"conv {channels} 3x3 pad 1", ""
        if stride > 1:
            first, shortcut = f"conv {channels} 3x3 stride 2 pad 1", f" shortcut(conv {channels} 1x1 stride 2)"
        return f"residual({first}, relu, conv {channels} 3x3 pad 1){shortcut}, relu"

    blocks = [residual(16 << i, 2 if i > 0 and j == 0 else 1) for i in range(3) for j in range(3)]
    return ", ".join(["conv 16 3x3 pad 1, relu", *blocks, "globalavgpool, dense classes"])


def contenders(work, python):
    """Lockstep first, then its peers."""
    model, batch, *ranks = work.split("-")
    batch = ["--batch-size", batch]

    def peer(name, script, *more, needs=(), launcher=(), variant_of=None):
        command = [*launcher, python, str(ROOT / "benchmarks" / script), *batch, *more]
        return Contender(name, ["numpy", *needs], command, variant_of)

    yield Lockstep("Lockstep", train_command(work))
    layouts, network = ([],), []
    if model in RATES:
        layouts, network = ([], ["--channels-last"]), ["--network", model, "--lr", RATES[model]]
    if model == "resnet":
        # What it costs to normalize. Without it, the recipe's rate would be too large.
        extra = [*PLAIN, "--network", without_normalization(), "--lr", "0.001"]
        yield Lockstep("Lockstep, without batchnorm", train_command(work, extra=extra))
    if ranks:
        ddp = "pytorch_ddp.py" if model == "mlp" else "pytorch_cnn.py"
        for layout in layouts:
            name = f"PyTorch DDP (gloo){', channels-last' if layout else ''}"
            more = ["--ranks", str(RANKS), *network, *layout]
            yield peer(name, ddp, *more, needs=["torch"], variant_of="PyTorch DDP")
        if model == "mlp":
            yield peer("PyTorch + mpi4py", "pytorch_mpi4py.py", needs=["torch", "mpi4py"], launcher=mpirun(RANKS))
        return
    if work == "mlp-64":
        # Images with another mean have no zeros that could be left out.
        yield Lockstep("Lockstep, normalized", train_command(work, extra=["--normalize", "auto"]))
    for threads in sorted({1, CORES}):
        for layout, compiled in itertools.product(layouts, ([], ["--compile"])):
            name = ", ".join(
                [f"PyTorch, {threads} thread{'s' if threads > 1 else ''}", *["channels-last"] * bool(layout),
                 *["compiled"] * bool(compiled)])  # fmt: skip
            more = ["--threads", str(threads), *network, *layout, *compiled]
            script = "pytorch_mlp.py" if model == "mlp" else "pytorch_cnn.py"
            yield peer(name, script, *more, needs=["torch"], variant_of="PyTorch")
    if model == "mlp":
        yield peer("JAX", "jax_mlp.py", needs=["jax"])
