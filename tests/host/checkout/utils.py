"""What every program here uses."""

from pathlib import Path

from dsl import apply, first, mapply, p_g, second

LOG = Path("pile.log")

print("utils: loaded")


def say(*words):
    print(*words)
    with LOG.open("a") as log:
        print(*words, file=log)


def batch_process_samples_gpu(S):
    inputs = apply(first, S)
    outputs = apply(second, S)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)
