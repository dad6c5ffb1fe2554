"""The command: what runs from its line to its exit status."""

import argparse
import json
import random
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from batt_utils.console import (
    UserError,
    drop_lost_output,
    explain_stdout,
    open_streams,
    pass_over,
    tell_end,
)
from batt_utils.engine.runner import run
from batt_utils.options import Options
from batt_utils.rules import RULES, SEED, find_checkout
from batt_utils.signals import raise_signals
from batt_utils.store.files import check_file, check_here, has_content, write_file
from batt_utils.store.links import Store, remove_empty
from batt_utils.timing import print_profile
from batt_utils.totals import Totals

OTHER_JSON = "choose another --json"
Main = Callable[..., Coroutine[Any, Any, dict[str, Any]]]


def run_command(main: Main, given: argparse.Namespace) -> int:
    """Run `main` as the command line says; return the exit status."""
    open_streams()
    random.seed(given.seed)
    missing: Sequence[Path] = []
    try:
        check_here()
        missing = Store(given.out).find_missing()
        with raise_signals():
            status = _run(main, given)
    except (KeyboardInterrupt, Exception) as error:
        status = tell_end(error)
    drop_lost_output()
    if status:
        remove_empty(missing)
    return status


def _run(main: Main, given: argparse.Namespace) -> int:
    profile = None
    if given.cprofile:
        from cProfile import Profile

        profile = Profile()
    if given.mega_batch or given.batch_size is not None:
        pass_over("--mega-batch" if given.mega_batch else "--batch-size")
    if given.json is not None:
        check_file(given.json, OTHER_JSON)
        _check_counts(given.json)
    options = Options(*(getattr(given, name) for name in Options._fields))
    defaults = RULES[given.rules] if given.rules else find_checkout(given.out) or SEED
    if given.batt_import is None and defaults is not SEED:
        options = options._replace(batt_import=defaults.batt)
    timeout = defaults.timeout if given.timeout is None else given.timeout
    tasks = given.task_ids, given.start, given.count
    totals = Totals()
    try:
        counts = run(main(*tasks, timeout, given.timing, profile, options=options, totals=totals))
    except KeyboardInterrupt:
        _write_json(given.json, totals.list_counts())
        raise
    _write_json(given.json, counts)
    with explain_stdout():
        if profile is not None:
            print_profile(profile, given.cprofile_top)
        sys.stdout.flush()
    return 2 if counts["failures"] and not counts["candidates"] else 0


def _check_counts(path: str) -> None:
    """See that a file, if it is there and not empty, has the counts of a run.

    Raises:
        UserError: it has something else, which would be lost.
    """
    if has_content(path):
        try:
            is_ours = "tasks" in json.loads(Path(path).read_bytes())
        except (ValueError, TypeError, RecursionError):
            is_ours = False
        if not is_ours:
            raise UserError(f"{path}: it has something else than the counts of a run: {OTHER_JSON}")


def _write_json(path: str | None, counts: dict[str, Any]) -> None:
    if path is not None:
        write_file(path, json.dumps(counts, indent=2) + "\n", OTHER_JSON)
