"""The MLP in PyTorch's DistributedDataParallel over gloo: one process a rank, the global batch split among them.

With --rank it is that one rank of several machines, which find each other at --rendezvous, and --network another
network than the MLP.
"""

import os
import tempfile

import torch
from torch import distributed, multiprocessing
from torch.nn.parallel import DistributedDataParallel

import common
import pytorch_common as peer


def train(rank, options, rendezvous, network, optimizer_of):
    torch.set_num_threads(options.threads or max(1, len(os.sched_getaffinity(0)) // options.ranks))
    distributed.init_process_group("gloo", rendezvous, rank=rank, world_size=options.ranks)
    images, labels = peer.tensors(options.data, "train")
    replica = DistributedDataParallel(network)
    optimizer = optimizer_of(replica.parameters(), lr=options.lr, fused=True)

    def run_epoch(epoch):
        indices = peer.batches(len(images), options.batch_size, epoch, rank, options.ranks)
        peer.train_epoch(replica, optimizer, images, labels, indices)
        distributed.barrier()

    seconds = common.measure(options.epochs, run_epoch)
    if rank == 0:
        accuracy = peer.accuracy(network, *peer.tensors(options.data, "t10k"))
        common.report(seconds, accuracy, version=torch.__version__, ranks=options.ranks)
    distributed.destroy_process_group()


def spawn(options, network, optimizer_of):
    """Starts the ranks and waits for them. Each gets a copy of the network."""
    with tempfile.TemporaryDirectory() as directory:
        arguments = (options, f"file://{directory}/rendezvous", network, optimizer_of)
        multiprocessing.spawn(train, arguments, nprocs=options.ranks)


def main():
    options = common.arguments(__doc__, ranks=4)
    if options.rank is None:
        spawn(options, *peer.work(options))
    else:
        train(options.rank, options, options.rendezvous, *peer.work(options))


if __name__ == "__main__":
    main()
