"""What is said of a task, in the words of two revisions."""

from collections.abc import Iterator, Sequence

from batt_utils.job import SampleEvents, TaskOutcome
from batt_utils.rules import NEWEST, Rules


def describe_scores(
    task_i: int, task_id: str, samples: Sequence[SampleEvents], outputs: int, rules: Rules
) -> Iterator[str]:
    """Tell what the samples of a task came to; `outputs` is the number of distinct candidates."""
    if rules is not NEWEST:
        yield f"-- {task_id} - {task_i} --"
    for part, number, candidates, matches, timed_out in samples:
        yield f"{part}[{number}] - {task_id} - {candidates}"
        for o_solver_id in matches:
            if rules is NEWEST:
                yield f"- MATCH: {o_solver_id = } - sample_type={part}[{number}] {task_id=!s}"
            else:
                yield f"- {o_solver_id = } - match = True"
        if timed_out:
            yield f"-- {task_id} - {part}[{number}] timed out"
    if rules is NEWEST:
        yield f"-- Demo+Test scoring: {task_i} - {outputs} outputs, {len(samples)} samples"
    else:
        yield f"-- {task_id} - {task_i} scored --"


def describe_task(outcome: TaskOutcome, rules: Rules, with_timing: bool) -> Iterator[str]:
    """Tell all that came of a task."""
    task_i, task_id, samples, candidates, unique = outcome[:5]
    yield from describe_scores(task_i, task_id, samples, candidates, rules)
    yield f"-- {task_id} - {task_i} done - {candidates} candidates scored"
    yield f"-- Filtered to {unique} unique candidates (from {candidates})"
    if rules is NEWEST:
        if with_timing:
            seconds = outcome.notes.seconds["run_batt.phase3a_validate_batch"]
            yield f"-- Phase 3a: Validated {unique} solvers in {seconds:.3f}s (parallelized)"
        matches = sum(len(sample.matches) for sample in samples)
        late = sum(sample.timed_out for sample in samples)
        yield f"-- {task_id} batch stats: {len(samples)} samples, {matches} matches, {late} timed out"
