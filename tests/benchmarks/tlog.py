"""T_LOG by the seconds of calls that were timed while scoring, against T_LOG by runs of the whole solvers.

    python tests/benchmarks/tlog.py [--solvers N] [--tasks N] [--seed N]

scores a batt on tasks drawn at random, and runs each of its solvers on them twice. It prints how many solvers
have the same T_LOG, and how many within one, by calls against the first run and by the second run against the
first; the mean difference; and the median ratio of the seconds.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from statistics import mean, median

from batt_utils.batt.plan import make_plan
from batt_utils.batt.program import Program
from batt_utils.batt.reader import load_batt
from batt_utils.batt.texts import Texts
from batt_utils.engine.worker import get_host, prepare, score_sample, time_solvers
from batt_utils.evaluate.results import SampleJob
from batt_utils.evaluate.speed import sum_seconds
from batt_utils.job import Solver
from batt_utils.tasks import get_data
from flows import make_batt

TIMEOUT = 60  # seconds


def main() -> None:
    """Prints both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--solvers", type=int, default=100, metavar="N")
    parser.add_argument("--tasks", type=int, default=30, metavar="N")
    parser.add_argument("--seed", type=int, default=3, metavar="N")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        source = load_batt(make_batt(Path(), given.solvers, given.seed))
        assert isinstance(source.batt, Program)
        prepare(make_plan(source.batt), texts=Texts(source.calls), device="cpu")
        data = get_data()
        rows = []
        for task_id in Random(given.seed).sample([*data["demo"]], given.tasks):
            rows += time_task(task_id, {part: data[part][task_id] for part in ("test", "demo")}, source.batt)
    calls, first, second = zip(*rows)
    print("               solvers   same  within one  mean difference  ratio of seconds")
    print_row("by calls", calls, first)
    print_row("a second run", second, first)


def time_task(task_id: str, samples: dict[str, list], program: Program) -> list[tuple[float, float, float]]:
    """The seconds of each solver on a task, of which all calls were timed: by these, and in two runs."""
    texts = get_host().texts
    pairs, both = (
        tuple((sample["input"], sample["output"]) for part in parts for sample in samples[part])
        for parts in (("demo",), ("demo", "test"))
    )
    jobs = [
        SampleJob(task_id, part, number, pairs, sample)
        for part in samples
        for number, sample in enumerate(samples[part])
    ]
    results = [score_sample(job, TIMEOUT, "pile.log") for job in jobs]
    needed = {t: texts.find_needed(t) for t in {candidate.t for candidate in program.candidates}}
    sums = sum_seconds(needed, [(result.seconds, result.raised) for result in results if result])
    roots = [t for t, (_, is_timed) in sums.items() if is_timed]
    sources = [texts.write_source(t) for t in roots]
    inputs = [job.sample["input"] for job in jobs]
    first, second = (time_solvers(both, inputs, sources, TIMEOUT) for _ in range(2))
    return [(sums[t][0], a.seconds, b.seconds) for t, a, b in zip(roots, first, second)]


def print_row(label: str, seconds: Sequence[float], real: Sequence[float]) -> None:
    """Prints how T_LOG by some seconds compares to that by others."""
    apart = [get_t_log(a) - get_t_log(b) for a, b in zip(seconds, real)]
    same, near = (100 * mean(abs(difference) <= most for difference in apart) for most in (0, 1))
    ratio = median(a / b for a, b in zip(seconds, real))
    print(f"{label:14} {len(apart):7}  {same:4.1f}%  {near:9.1f}%  {mean(apart):15.3f}  {ratio:16.2f}")


def get_t_log(seconds: float) -> int:
    """The T_LOG that a solver with these seconds has."""
    return Solver(0, "", 0, seconds=seconds).t_log


if __name__ == "__main__":
    main()
