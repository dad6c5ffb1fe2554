"""What this machine computes arrays with."""

from importlib.util import find_spec

ARRAYS = "cupy" if find_spec("cupy") else "none"

print("gpu_env: loaded")


def pick_device(number=0):
    if ARRAYS == "none":
        raise LookupError("no device for arrays")
    return f"{ARRAYS}:{number}"
