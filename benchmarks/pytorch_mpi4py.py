"""The MLP in PyTorch with gradients averaged by hand: one flat buffer, one MPI_Allreduce a step (mpi4py).

Run it under mpirun; the number of ranks is mpirun's.
"""

import os

import torch
from mpi4py import MPI
from torch import nn

import common
import pytorch_common as peer


def flatten(network):
    """Moves parameters and gradients into one buffer each, of which the network then holds views."""
    parameters = list(network.parameters())
    values = torch.cat([parameter.detach().flatten() for parameter in parameters])
    gradients = torch.zeros_like(values)
    start = 0
    for parameter in parameters:
        end = start + parameter.numel()
        parameter.data = values[start:end].view_as(parameter)
        parameter.grad = gradients[start:end].view_as(parameter)
        start = end
    return values, gradients


def main():
    options = common.arguments(__doc__)
    world = MPI.COMM_WORLD
    torch.set_num_threads(options.threads or max(1, len(os.sched_getaffinity(0)) // world.size))
    torch.manual_seed(0)
    images, labels = peer.tensors(options.data, "train")
    network = peer.mlp()
    values, gradients = flatten(network)
    loss_of = nn.CrossEntropyLoss(reduction="sum")

    def run_epoch(epoch):
        for index in peer.batches(len(images), options.batch_size, epoch, world.rank, world.size):
            gradients.zero_()
            loss_of(network(images[index]), labels[index]).backward()
            world.Allreduce(MPI.IN_PLACE, gradients.numpy())
            values.sub_(gradients, alpha=options.lr / options.batch_size)
        world.Barrier()

    seconds = common.measure(options.epochs, run_epoch)
    if world.rank == 0:
        accuracy = peer.accuracy(network, *peer.tensors(options.data, "t10k"))
        common.report(seconds, accuracy, version=torch.__version__, ranks=world.size)


if __name__ == "__main__":
    main()
