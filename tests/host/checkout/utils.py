"""What every program here uses."""

from pathlib import Path

LOG = Path("pile.log")

print("utils: loaded")


def say(*words):
    print(*words)
    with LOG.open("a") as log:
        print(*words, file=log)
