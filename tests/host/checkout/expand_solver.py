"""Writes a solver of one line as a file of many."""

import ast
import sys
from pathlib import Path


def expand_file(path):
    return ast.unparse(ast.parse(Path(path).read_text()))


if __name__ == "__main__":
    for path in sys.argv[1:]:
        print(expand_file(path))
