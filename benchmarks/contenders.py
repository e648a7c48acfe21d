"""Who takes part in a work of scripts/bench, how each is started, and how many operations the work takes."""

import json

from machine import CNN, CORES, LOCKSTEP, MLP, PLAIN, ROOT, lockstep, mpirun, output_of, seconds_of

RANKS = 4
WORKS = ["mlp-64", "mlp-512", "cnn-100", "mlp-64-np4", "mlp-512-np4", "cnn-100-np4"]

# Multiply-adds that each layer's forward pass takes for a sample.
LAYERS = {
    "mlp": [784 * 512, 512 * 512, 512 * 10],
    # Convolutions: outputs (24x24x10, 8x8x20) times the inputs of each (5x5x1, 5x5x10).
    "cnn": [24 * 24 * 10 * 25, 8 * 8 * 20 * 250, 320 * 50, 50 * 10],
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
    layers = MLP if model == "mlp" else CNN
    return lockstep("train", *layers, "--batch-size", batch, *extra, ranks=RANKS if ranks else None, binary=binary)


def contenders(work, python):
    """Lockstep first, then its peers."""
    model, batch, *ranks = work.split("-")
    batch = ["--batch-size", batch]

    def peer(name, script, *more, needs=(), launcher=(), variant_of=None):
        command = [*launcher, python, str(ROOT / "benchmarks" / script), *batch, *more]
        return Contender(name, ["numpy", *needs], command, variant_of)

    yield Lockstep("Lockstep", train_command(work))
    if ranks:
        ddp = "pytorch_ddp.py" if model == "mlp" else "pytorch_cnn.py"
        yield peer("PyTorch DDP (gloo)", ddp, "--ranks", str(RANKS), needs=["torch"])
        if model == "mlp":
            yield peer("PyTorch + mpi4py", "pytorch_mpi4py.py", needs=["torch", "mpi4py"], launcher=mpirun(RANKS))
        return
    if work == "mlp-64":
        # Images with another mean have no zeros that could be left out.
        yield Lockstep("Lockstep, normalized", train_command(work, extra=["--normalize", "auto"]))
    for threads in sorted({1, CORES}):
        for compiled in ([], ["--compile"]):
            name = f"PyTorch, {threads} thread{'s' if threads > 1 else ''}{', compiled' if compiled else ''}"
            more = ["--threads", str(threads), *compiled]
            yield peer(name, f"pytorch_{model}.py", *more, needs=["torch"], variant_of="PyTorch")
    if model == "mlp":
        yield peer("JAX", "jax_mlp.py", needs=["jax"])
