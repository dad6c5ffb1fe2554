"""Keeps the best solvers of a task for the next batt."""

import sys
from pathlib import Path

from run_batt import O_Score, check_save, get_data


def score_all(task_id, solvers):
    o_score = O_Score()
    for sample in get_data(task_id=task_id)["demo"][task_id]:
        for name, solve in solvers.items():
            o_score.update(name, solve(None, sample["input"], None) == sample["output"])
    return o_score.score


def has_room(task_id, score):
    return not check_save(Path("solver_dir", f"solve_{task_id}"), score)


if __name__ == "__main__":
    print(has_room(sys.argv[1], int(sys.argv[2])))
