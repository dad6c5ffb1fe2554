"""What run_batt survives: kills, hangs, memory hogs, crashes, several runs at once, and broken inputs.

    python tests/survival.py

prints a row for each: how many were tried, survived and lost. What was lost is said on stderr, with
status 1. A try is an item of what a row's function yields: a text of what was lost, empty for nothing.
"""

import argparse
import ctypes
import faulthandler
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from functools import cache, partial
from hashlib import md5
from io import StringIO
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch
from warnings import catch_warnings, simplefilter

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import run_batt  # noqa: E402
from batt_utils.batt.expand import IMPORTS  # noqa: E402
from batt_utils.batt.inline import inline_variables  # noqa: E402
from batt_utils.batt.plan import make_plan  # noqa: E402
from batt_utils.batt.reader import load_batt, read_program  # noqa: E402
from batt_utils.card import own_differs, own_solvers, unique, vary, write_batt  # noqa: E402
from batt_utils.engine.pool import Workers  # noqa: E402
from batt_utils.engine.worker import prepare, score_sample  # noqa: E402
from batt_utils.evaluate.results import Failure, SampleJob, SampleResult  # noqa: E402
from batt_utils.store.links import MAX_FILES, Link, Store, read_links  # noqa: E402
from batt_utils.tasks import get_data  # noqa: E402
from clusters import open_cluster  # noqa: E402

TASK = "007bbfb7"
MIB = 2**20
LONG = 60  # seconds that nothing here takes
RESUMED = 60  # tasks
SLACK = 3  # seconds that a slow machine may take more

# Processes


class Process(NamedTuple):
    """A process as the system knows it; one that has ended and is not waited for has the state Z."""

    number: int
    state: str
    parent: int
    group: int


def list_processes() -> list[Process]:
    """All processes of this machine."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, parent, group = path.read_text().rpartition(")")[2].split()[:3]
            found.append(Process(int(path.parent.name), state, int(parent), int(group)))
    return found


def find_group(group: int) -> list[Process]:
    """The processes of a group that still run."""
    return [process for process in list_processes() if process.group == group and process.state != "Z"]


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Waits until a condition holds; whether it does so in time."""
    end = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return holds


def start(folder: Path, *arguments: object, **options: Any) -> "subprocess.Popen[str]":
    """Starts the command in a process group of its own."""
    command = [sys.executable, str(ROOT / "run_batt.py"), *map(str, arguments)]
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen(command, cwd=folder, text=True, start_new_session=True, **options)


def find_failure(process: "subprocess.Popen[str]") -> str:
    """What went wrong in a command, once it has ended."""
    _, said = process.communicate(timeout=2 * LONG)
    if process.returncode or "Traceback" in said:
        return f"status {process.returncode}: {said.strip()}"
    return find_left(process)


def find_left(process: "subprocess.Popen[str]") -> str:
    """What still runs of the group of a command that has ended."""
    if wait_for(lambda: not find_group(process.pid)):
        return ""
    return f"processes are left: {find_group(process.pid)}"


# Kills, and several runs at once


def write_batts(folder: Path, count: int, size: int, rng: Random) -> list[str]:
    """Writes batts that have no program in common, a few of each good for something on `TASK`."""
    own = sorted(own_solvers(), key=lambda solver: solver.name != f"solve_{TASK}")[:4]
    programs = list(unique(vary(own, 4 * count * size, 0.3, rng)))
    for number in range(count):
        write_batt(folder / f"batt_{number}.py", programs[number::count][:size], own_differs())
    return [f"batt_{number}" for number in range(count)]


def list_links(out: Path) -> dict[Path, list[Link]]:
    """The links in each folder of a task."""
    folders = [*out.glob("solver_dir/*"), *out.glob("differ_dir/*/*")]
    return {folder: read_links(folder) for folder in folders}


def find_gone(before: Sequence[Link], after: Sequence[Link]) -> list[tuple[int, str]]:
    """The scores and programs that a folder of a task has lost, but for those that others have displaced.

    The links of a program for a score may get fewer: a later run of it replaces their T_LOGs.
    """
    gone = {link.identity for link in before} - {link.identity for link in after}
    lowest = min(link.score for link in after) if len(after) >= MAX_FILES else float("-inf")
    return [(score, md5) for score, md5 in gone if score > lowest]


def find_torn(out: Path) -> str:
    """What is not whole in the result folders."""
    files = [path for path in out.glob("*_md5/*.py") if not is_true(path.stem, path.read_text())]
    links = [path for path in out.glob("*_dir/**/*.py") if not path.is_file()]
    return ", ".join(f"{path} is not whole" for path in files + links)


@cache
def is_true(name: str, text: str) -> bool:
    """Whether a file's name is the md5 of its inlined text."""
    with suppress(ValueError):
        return name == md5(inline_variables(text.removeprefix(IMPORTS)).encode()).hexdigest()
    return False


def kill_runs(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Kills runs on one folder at any moment, with all their processes or alone; others go on after each."""
    rng = Random(seed)
    out = folder / "out"
    (name, *names) = write_batts(folder, count + 1, 12, rng)
    options = ("-i", TASK, "--out", out, "--seed", seed, "-b")
    begin = time.monotonic()
    failure = find_failure(start(folder, *options, name))
    if failure:
        raise RuntimeError(failure)
    duration = time.monotonic() - begin
    for name in names:
        before = list_links(out)
        process = start(folder, *options, name)
        with suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, duration))
        with suppress(ProcessLookupError):
            rng.choice([os.kill, os.killpg])(process.pid, signal.SIGKILL)
        process.communicate()
        after = list_links(out)
        gone = {str(path): lost for path in before if (lost := find_gone(before[path], after[path]))}
        yield (
            find_torn(out)
            or (gone and f"links are gone: {gone}")
            or find_left(process)
            or find_failure(start(folder, *options, name))
            or find_torn(out)
        )


def resume_runs(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Kills a run over many tasks at any moment, and has it go on: at last all is as one run leaves it."""
    rng = Random(seed)
    (name,) = write_batts(folder, 1, 8, rng)
    options = ("-i", "-c", RESUMED, "-b", name, "--resume", "--results")
    begin = time.monotonic()
    if failure := find_failure(start(folder, *options, "whole.jsonl", "--out", "whole")):
        raise RuntimeError(failure)
    duration = time.monotonic() - begin
    whole = list_results(folder, "whole")
    for number in range(count):
        process = start(folder, *options, "killed.jsonl", "--out", "killed")
        with suppress(subprocess.TimeoutExpired):
            process.wait(rng.uniform(0, duration))
        with suppress(ProcessLookupError):
            rng.choice([os.kill, os.killpg])(process.pid, signal.SIGKILL)
        process.communicate()
        wrong = find_torn(folder / "killed") or find_left(process)
        if not wrong and (process.returncode == 0 or number == count - 1):  # the next one begins anew
            wrong = find_failure(start(folder, *options, "killed.jsonl", "--out", "killed"))
            if not wrong and list_results(folder, "killed") != whole:
                wrong = "the results are not those of one run"
            shutil.rmtree(folder / "killed")
            (folder / "killed.jsonl").unlink()
        yield wrong


def kill_workers(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Kills workers of a cluster at any moment, each with another in its place: all is as in a run here."""
    rng = Random(seed)
    (name,) = write_batts(folder, 1, 8, rng)
    options = ("-i", "-c", RESUMED, "-b", name, "--results")
    if failure := find_failure(start(folder, *options, "whole.jsonl", "--out", "whole")):
        raise RuntimeError(failure)
    whole = list_results(folder, "whole")
    with open_cluster(folder / "cluster") as cluster:
        process = None
        for number in range(count):
            if process is None:
                far = ("killed.jsonl", "--out", "killed", "--cluster", cluster.file)
                process = start(folder, *options, *far)
            time.sleep(rng.uniform(0, 3))
            place = rng.randrange(2)
            cluster.workers[place].kill()
            cluster.workers[place].wait()
            cluster.workers[place] = cluster.add_worker()
            wrong = ""
            if process.poll() is not None or number == count - 1:
                wrong = find_failure(process)
                if not wrong and list_results(folder, "killed") != whole:
                    wrong = "the results are not those of a run here"
                shutil.rmtree(folder / "killed")
                (folder / "killed.jsonl").unlink()
                process = None
            yield wrong


def list_results(folder: Path, name: str) -> list[object]:
    """What a run has recorded, each result as often as it is there, and stored; without seconds."""
    lines = (folder / f"{name}.jsonl").read_text().splitlines()
    columns = ("key", "candidates", "unique", "solved", "timed_out", "warnings")
    found: list[object] = sorted(str([json.loads(line)[column] for column in columns]) for line in lines)
    paths = [path.relative_to(folder / name) for path in (folder / name).glob("solver_*/**/*.py")]
    return found + sorted({re.sub(r"/-?\d+/(\w+\.py)$", r"/\1", str(path)) for path in paths})


def run_at_once(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Starts runs on one folder at once: they keep what is best of what each of them keeps alone."""
    names = write_batts(folder, count, MAX_FILES, Random(seed))
    for name in names:
        if failure := find_failure(start(folder, "-i", TASK, "--out", name, "-b", name)):
            raise RuntimeError(failure)
    processes = [start(folder, "-i", TASK, "--out", "out", "-b", name) for name in names]
    failures = [find_failure(process) for process in processes]
    alone = [link for name in names for link in list_solvers(folder / name)]
    out = folder / "out"
    together = list_solvers(out)
    wrong = find_torn(out)
    if sorted(score for score, _ in together) != sorted(score for score, _ in alone)[-MAX_FILES - 1 :]:
        wrong += "the best scores are not kept"
    if not {*together} <= {*alone}:
        wrong += "solvers have other scores"
    if any(len(links) > MAX_FILES + 1 for links in list_links(out).values()):
        wrong += "too many links"
    return (failure or wrong for failure in failures)


def list_solvers(out: Path) -> list[tuple[int, str]]:
    """The score and name of each solver that is linked."""
    return [(link.score, link.md5) for link in read_links(Store(out).solver_folder(TASK))]


# Programs that hang, take all memory or crash


def loop() -> None:
    while True:
        pass


def swallow() -> None:
    while True:
        with suppress(BaseException):
            loop()


def refuse_to_end() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    swallow()


HANGS = {
    "loop": loop,
    "swallow": swallow,
    "refuse to end": refuse_to_end,
    "sleep": partial(time.sleep, 10**6),
    "sum": lambda: sum(range(10**12)),
    "regular expression": lambda: re.fullmatch("(a*)*b", "a" * 99),
    "end without a word": lambda: ctypes.CDLL(None)._exit(0),  # as a worker that is asked to end does
}
KEPT: list[bytes] = []


def pile(kept: list[bytes]) -> None:
    while True:
        kept.append(bytes(MIB))


def double() -> None:
    text = "x" * MIB
    while True:
        text += text


HOGS = {
    "pile": lambda: pile([]),
    "keep": lambda: pile(KEPT),
    "double": double,
    "all at once": lambda: [0] * 10**12,
    "number": lambda: 1 << 10**12,
}
CRASHES = {
    "exit": lambda: os._exit(0),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segmentation fault": partial(ctypes.string_at, 0),
    "abort": os.abort,
}
ACTS: dict[str, Callable[[], object]] = {"nothing": list, **HANGS, **HOGS, **CRASHES}
READ = """\
from survival import act


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
    t1 = act(I)
    o.append((1, False, 'a', t1))
    return o, s
"""


def act(grid: tuple[tuple[int, ...], ...]) -> object:
    """Does what the number in a grid stands for."""
    faulthandler.disable()  # that of a test runner would tell of a crash
    return [*ACTS.values()][grid[0][0]]()


def call(task_id, S, I, C, log_path):  # type: ignore[no-untyped-def]  # noqa: E741
    """A batt that is a function to be called."""
    return [(1, False, "a", act(I))], []


SAMPLES = [{"input": ((number,),), "output": ((0,),)} for number in range(len(ACTS))]
PAIRS = tuple((sample["input"], sample["output"]) for sample in SAMPLES)


def tell_end(result: SampleResult | Failure) -> str:
    """Whether a program was late, gave its output, or failed."""
    if result.timed_out:
        return "late"
    return "fine" if isinstance(result, SampleResult) and result.ts else "failed"


def run_programs(
    folder: Path,
    count: int,
    seed: int,
    kinds: Sequence[str],
    end: str,
    timeout: float,
    memory_limit: int | None = None,
) -> Iterator[str]:
    """Runs programs that harm: each has its `end` (see `tell_end`), its neighbor is fine, nothing is left."""
    rng = Random(seed)
    numbers = {kind: number for number, kind in enumerate(ACTS)}
    program = read_program(READ)
    assert program
    said = StringIO()

    def run(workers: Workers, *kinds: str) -> list[str]:
        samples = [SampleJob(TASK, "demo", numbers[kind], PAIRS, SAMPLES[numbers[kind]]) for kind in kinds]
        jobs = [(sample, timeout, "pile.log") for sample in samples]
        return [tell_end(result) for result in workers.run(score_sample, jobs, 2 * timeout)]

    def count_things() -> list[int]:
        children = [process for process in list_processes() if process.parent == os.getpid()]
        files = [*Path("/proc/self/fd").iterdir()]
        return [threading.active_count(), len(children), len(files), len([*folder.rglob("*")])]

    def has_grown() -> bool:
        return any(map(int.__gt__, count_things(), before))

    with (
        Workers(2, prepare, (make_plan(program), folder), memory_limit) as reading,
        Workers(2, prepare, (call, folder), memory_limit) as calling,
        patch.object(tempfile, "tempdir", str(folder)),
    ):
        pools = [reading, calling]
        if any(run(workers, *["nothing"] * 4) != ["fine"] * 4 for workers in pools):
            raise RuntimeError("a program that harms nothing has no output")
        before = count_things()
        for kind in islice(cycle(kinds), count):
            workers = rng.choice(pools)
            begin = time.monotonic()
            with redirect_stderr(said):  # that a worker ended
                ends = run(workers, kind, "nothing")
            seconds = time.monotonic() - begin
            wrong = []
            if ends != [end, "fine"]:
                wrong.append(f"it and its neighbor: {ends}")
            if seconds > 2 * timeout + SLACK:
                wrong.append(f"it took {seconds:.1f} s")
            if not wait_for(lambda: not has_grown()):
                wrong.append(f"threads, processes, files: {before}, then {count_things()}")
            yield f"{kind}: {', '.join(wrong)}" if wrong else ""


# Broken inputs

GRID = [[0, 1], [2, 3]]
PAIR = {"input": GRID, "output": GRID}
# fmt: off
ODD = ["", "0", "-1", "1", "x", " ", "é", "\n", "a\nb", "../x", "/etc/x", ".", "..", "\0", "\udcff", "%s",
       "{}", "--", "-", "1e999", "nan", "inf", "9" * 5000, "a" * 5000, "a.b", "class", "\u0661", "None"]
OPTIONS = ["-i", "-s", "-c", "-t", "-b", "--timing", "--cprofile", "--cprofile-top", "--data", "--stage",
           "--out", "--workers", "--memory-limit", "--device", "--no-tune", "--seed", "--json", "--fast"]
PIECES = [b"", b"\0", b"\xff", b"\n", b"'", b'"', b"\\", b"(" * 50_000, b"[" * 50_000, b"-" * 50_000,
          b"9" * 5000, b"-1", b"1e999", b"NaN", b"null", b"true", b"{}", b"[]", b"'x'", b", ", b"t1", b"C"]
# fmt: on


def damage(whole: bytes, rng: Random) -> bytes:
    """Bytes like the given ones, with some pieces cut, doubled, changed or put in."""
    for _ in range(rng.randint(1, 3)):
        begin = rng.randrange(len(whole) + 1)
        end = begin + rng.choice([0, 1, 2, 20, 500])
        pieces = [rng.randbytes(3), 2 * whole[begin:end], rng.choice(PIECES), rng.choice(PIECES)]
        whole = whole[:begin] + rng.choice(pieces) + whole[end:]
    return whole


def fuzz_inputs(folder: Path, count: int, seed: int) -> Iterator[str]:
    """Gives broken files, folders and options to what reads them: they are refused, and left as they are."""
    rng = Random(seed)
    write_inputs(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        for number in range(count):
            fuzz = (fuzz_file, fuzz_file, fuzz_store, fuzz_options)[number % 4]
            yield fuzz(folder, rng)
    finally:
        os.chdir(before)


def write_inputs(folder: Path) -> None:
    """Writes a batt, and tasks in two forms."""
    for name in ("batts", "tasks", "prize", "empty"):
        (folder / name).mkdir()
    write_batt(folder / "batts/some.py", own_solvers()[:3], own_differs())
    task = f'{{"train": [{PAIR}, {PAIR}], "test": [{PAIR}]}}'.replace("'", '"')
    (folder / f"tasks/{TASK}.json").write_text(task)
    (folder / "prize/arc-agi_training_challenges.json").write_text(f'{{"other": {task}, "{TASK}": {task}}}')
    (folder / "prize/arc-agi_training_solutions.json").write_text(
        f'{{"other": [{GRID}], "{TASK}": [{GRID}]}}'
    )


def fuzz_file(folder: Path, rng: Random) -> str:
    """Damages a file and reads what it belongs to."""
    path = rng.choice(sorted(path for path in folder.rglob("*.*") if path.is_file()))
    whole = path.read_bytes()
    damaged = damage(whole, rng)
    path.write_bytes(damaged)
    before = read_tree(folder)
    if path.parent.name == "batts":
        failure = find_error(lambda: load_batt("batts.some"), "batts")
    else:
        task_id = rng.choice([None, TASK])
        with redirect_stderr(StringIO()):  # that a file is left out
            failure = find_error(lambda: get_data(data=path.parent, task_id=task_id), str(path.parent))
    failure += find_changes(before, folder)
    path.write_bytes(whole)
    return failure and f"{path.name} as {damaged!r}: {failure}"


def fuzz_store(folder: Path, rng: Random) -> str:
    """Puts things that do not belong there into a result folder, and saves solvers to it."""
    with tempfile.TemporaryDirectory(dir=folder) as out:
        store = Store(out)
        names = [md5(rng.randbytes(8)).hexdigest() for _ in range(6)]
        odd = [*filter(is_file_name, ODD), *(f"{name}.py" for name in names[:3])]
        old, new = ([Link(rng.randrange(4), 14, name) for name in some] for some in (names[1:4], names[4:]))
        store.save_solvers(TASK, old, dict.fromkeys(names[1:4], "text"))
        for _ in range(rng.randint(1, 4)):
            path = store.solver_folder(TASK).joinpath(*rng.choices(odd, k=rng.randint(1, 3)))
            with suppress(OSError):  # in the way of each other
                path.parent.mkdir(parents=True, exist_ok=True)
                rng.choice(
                    [
                        path.mkdir,
                        partial(path.write_bytes, b"mine"),
                        partial(path.symlink_to, rng.choice(["nowhere", path, out, "/dev/null"])),
                    ]
                )()
        before = read_tree(Path(out))
        failure = find_error(lambda: read_links(store.solver_folder(TASK)), out)
        failure += find_error(lambda: store.save_solvers(TASK, new, dict.fromkeys(names[4:], "text")), out)
        failure += find_changes(before, Path(out))
        return failure and f"{before}: {failure}"


def fuzz_options(folder: Path, rng: Random) -> str:
    """Gives the command odd options, and at last a batt that is none."""
    odd = [*ODD, str(folder / "tasks"), TASK]
    options = [text for _ in range(rng.randint(0, 4)) for text in (rng.choice(OPTIONS), rng.choice(odd))]
    arguments = [*options, "--data", rng.choice(odd), "-b", "no_batt"]
    before = read_tree(folder)
    os.chdir(folder / "empty")
    said = StringIO()

    def run() -> None:
        with redirect_stdout(StringIO()), redirect_stderr(said):
            status = run_batt.cli(arguments)
        if status != 2:
            raise AssertionError(f"status {status}")

    failure = find_error(run) + find_changes(before, folder)
    os.chdir(folder)
    if said.getvalue().count("\n") != 1:
        failure += f"not one line: {said.getvalue()!r}"
    return failure and f"{arguments}: {failure}"


def is_file_name(name: str) -> bool:
    """Whether a file can have this name."""
    return 0 < len(os.fsencode(name)) < 256 and not {"/", "\0"} & {*name} and name not in (".", "..")


def find_error(read: Callable[[], object], where: str = "") -> str:
    """What a reader raises that is no line to the user about the place `where`; a command's status is 2."""
    with catch_warnings(record=True) as warnings:
        simplefilter("always")
        try:
            read()
        except (ValueError, OSError) as error:
            if where not in str(error) or "\n" in str(error):
                return f"no clear line: {error}"
        except SystemExit as error:
            if error.code != 2:
                return f"status {error.code}"
        except BaseException as error:
            return f"{type(error).__name__}: {error}"
    return "".join(f"{warning.message}, " for warning in warnings)


def read_tree(folder: Path) -> dict[Path, object]:
    """Each thing below a folder: a link's target, a file's bytes, None for a folder."""
    return {
        path: path.readlink() if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def find_changes(before: dict[Path, object], folder: Path) -> str:
    """What is not as it was below a folder; what has come does not count."""
    after = read_tree(folder)
    return "".join(f"{path} has changed, " for path in before if after.get(path, 0) != before[path])


# The command

ROWS: dict[str, tuple[Callable[[Path, int, int], Iterator[str]], int]] = {
    "kills": (kill_runs, 200),
    "resumes": (resume_runs, 50),
    "workers": (kill_workers, 20),
    "hangs": (partial(run_programs, kinds=[*HANGS], end="late", timeout=0.1), 500),
    "hogs": (partial(run_programs, kinds=[*HOGS], end="failed", timeout=10, memory_limit=1024), 100),
    "crashes": (partial(run_programs, kinds=[*CRASHES], end="failed", timeout=10), 100),
    "runs": (run_at_once, 8),
    "fuzz": (fuzz_inputs, 10_000),
}


def find_lost(name: str, count: int, seed: int) -> list[str]:
    """Does the tries of a row, in a folder of their own; what was lost in each."""
    with tempfile.TemporaryDirectory() as folder:
        return [*ROWS[name][0](Path(folder), count, seed)]


def main() -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(description="Counts what run_batt survives.")
    for name, (_, count) in ROWS.items():
        parser.add_argument(f"--{name}", type=int, default=count, metavar="N", help=f"default {count}")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="for what is drawn at random")
    given = vars(parser.parse_args())
    status = 0
    print(f"{'':10}{'tried':>8}{'survived':>10}{'lost':>6}")
    for name in ROWS:
        tries = find_lost(name, given[name], given["seed"])
        lost = [text for text in tries if text]
        print(f"{name:10}{len(tries):8}{len(tries) - len(lost):10}{len(lost):6}", flush=True)
        for text in lost:
            status = 1
            print(f"{name}: {text[:2000]}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
