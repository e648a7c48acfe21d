"""The MLP in JAX: a whole epoch is one compiled lax.scan over its batches, on all cores."""

import jax
import jax.numpy as jnp
import numpy as np

import common

SIZES = (784, 512, 512, 10)


def initial_parameters(key):
    """PyTorch's default for Linear: uniform in +-1/sqrt(inputs), weights and biases alike."""
    parameters = []
    for inputs, outputs in zip(SIZES, SIZES[1:]):
        key, weight_key, bias_key = jax.random.split(key, 3)
        bound = inputs**-0.5
        weight = jax.random.uniform(weight_key, (inputs, outputs), minval=-bound, maxval=bound)
        parameters.append((weight, jax.random.uniform(bias_key, (outputs,), minval=-bound, maxval=bound)))
    return parameters


def logits_of(parameters, x):
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias


def loss_of(parameters, x, labels):
    log_probabilities = jax.nn.log_softmax(logits_of(parameters, x))
    return -jnp.take_along_axis(log_probabilities, labels[:, None], axis=1).mean()


def main():
    options = common.arguments(__doc__)
    images, labels = (jnp.asarray(array) for array in common.load(options.data, "train"))
    whole = len(images) // options.batch_size * options.batch_size

    def step(parameters, index):
        gradients = jax.grad(loss_of)(parameters, images[index], labels[index])
        return jax.tree.map(lambda value, gradient: value - options.lr * gradient, parameters, gradients), None

    @jax.jit
    def train_epoch(parameters, order):
        parameters, _ = jax.lax.scan(step, parameters, order[:whole].reshape(-1, options.batch_size))
        return step(parameters, order[whole:])[0] if whole < len(order) else parameters

    parameters = initial_parameters(jax.random.key(0))

    def run_epoch(epoch):
        nonlocal parameters
        order = np.random.default_rng(epoch).permutation(len(images))
        parameters = jax.block_until_ready(train_epoch(parameters, order))

    seconds = common.measure(options.epochs, run_epoch)
    images_test, labels_test = common.load(options.data, "t10k")
    accuracy = (logits_of(parameters, images_test).argmax(1) == labels_test).mean()
    common.report(seconds, accuracy, version=jax.__version__)


if __name__ == "__main__":
    main()
