"""What the result of a task hangs on, as a key: equal keys, equal results."""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import md5
from pathlib import Path

from batt_utils.batt.program import Program
from batt_utils.tasks import Sample


def hash_run(texts: Mapping[str, bytes], timeout: float, device: str, tune: bool) -> str:
    """Name all that the results of a run's tasks hang on alike.

    Args:
        texts: by name, of the batt, its call table, and the modules of the folder that they use (see
            `read_modules`).
        timeout: seconds for a batt call, and for a solver, on one sample.
        device: where the calls run.
        tune: whether the folder's DSL is tuned.
    """
    hashes = {name: md5(text).hexdigest() for name, text in texts.items()}
    return _hash([hashes, float(timeout), device, tune])


def make_key(run: str, task_id: str, samples: Mapping[str, Sequence[Sample]], stage: str) -> str:
    """Name all that the result of a task hangs on; how many workers there are is not among it.

    Args:
        run: what `hash_run` gives.
        task_id: the task: its folder is named after it, and the batt is given it.
        samples: those of its parts, `demo` and `test`.
        stage: the task's own.
    """
    return _hash([run, task_id, samples, stage])


def read_modules(folder: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Read some modules of a folder, and all of the folder that they import, however deep.

    An import counts wherever in a file it stands; of `from a import b` both `a` and `a.b` are looked for. A
    module that the folder does not have comes from elsewhere, and is left out. One that is not Python is
    read, but not what it would import.

    Args:
        folder: where the modules are, packages too.
        names: with dots for what is in packages.

    Returns:
        The bytes of each file by its path below the folder, as `dsl.py` or `package/module.py`.

    Raises:
        OSError: a file is there but cannot be read.
    """
    found: dict[str, bytes] = {}
    seen: set[str] = set()
    waiting = [*names]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        package, _, last = name.rpartition(".")
        waiting += [package] if package else []
        path = folder.joinpath(*name.split("."))
        for file in (path / "__init__.py", path.with_name(f"{last}.py")):
            if file.is_file():
                text = file.read_bytes()
                found[file.relative_to(folder).as_posix()] = text
                waiting += _list_imports(text, name if file.name == "__init__.py" else package)
                break
    return dict(sorted(found.items()))


def read_sources(batt: Program | str, folder: Path) -> dict[str, bytes]:
    """Read the modules of a folder, and of the current one, that a batt and its DSL use.

    Args:
        batt: what it says, or the name of its module if it is to be called.
        folder: where a DSL is looked for first.
    """
    names = ["dsl", "constants", "safe_dsl"] if (folder / "dsl.py").exists() else []
    if isinstance(batt, str):
        names.append(batt)
    else:
        statements = "\n".join(one.statement for one in batt.imports)
        names += _list_imports(statements.encode(), "")
    return {**read_modules(Path(), names), **read_modules(folder, names)}


def _list_imports(text: bytes, package: str) -> Iterator[str]:
    """Give the names of what a module of a package imports, or may import."""
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: 1 - node.level or None] if node.level else []
            base = ".".join(filter(None, [*parents, node.module]))
            if base:
                yield base
            yield from (
                ".".join(filter(None, [base, alias.name])) for alias in node.names if alias.name != "*"
            )


def _hash(parts: object) -> str:
    return md5(json.dumps(parts, sort_keys=True).encode()).hexdigest()
