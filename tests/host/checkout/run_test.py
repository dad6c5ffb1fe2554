"""Runs what is stored of a task on its samples."""

import importlib.util
import sys
from pathlib import Path

from card import score_all


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.solve


if __name__ == "__main__":
    task_id = sys.argv[1]
    paths = Path("solver_dir", f"solve_{task_id}").glob("[1-9]*/[0-9]*/[0-9a-f]*.py")
    for name, score in score_all(task_id, {path.stem: load(path) for path in paths}).items():
        print(name, score)
