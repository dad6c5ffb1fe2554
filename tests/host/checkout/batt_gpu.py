"""Takes the samples of a task apart."""

from dsl import apply, first, mapply, p_g, second

print("batt_gpu: loaded")


def batch_process_samples_gpu(S):
    inputs = apply(first, S)
    outputs = apply(second, S)
    return inputs, outputs, mapply(p_g, inputs), mapply(p_g, outputs)
