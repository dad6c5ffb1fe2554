"""What the result folders hold of a task: its programs, the best first, and the differs that changed."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from batt_utils.rules import count_right
from batt_utils.store.links import Link, Store, find_file, read_links


class Stored(NamedTuple):
    """A solver or differ that is stored for a task.

    Attributes:
        link: its score, its T_LOG and its name.
        folder: where the link is: that of the task.
        kind: of a differ: `iz`, `zo`, or `points`; of a solver: empty.
    """

    link: Link
    folder: Path
    kind: str = ""

    @property
    def right(self) -> int:
        """Give the samples that a solver is right on, by the rules that its score is of."""
        return count_right(self.link.score)

    @property
    def path(self) -> Path:
        """Find its file."""
        return Path(os.path.realpath(find_file(self.folder, self.link)))

    def read(self) -> str:
        """Read its text; empty where that cannot be read."""
        try:
            return self.path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""


class Holding(NamedTuple):
    """What the folders hold of a task.

    Attributes:
        solvers: the best first: right samples, then T_LOG, then md5.
        differs: those that changed, of each kind the highest S_SCORE first.
        solver_links: how many links to solvers there are.
        differ_links: how many to differs.
        folders: those that have links.
    """

    solvers: list[Stored]
    differs: list[Stored]
    solver_links: int = 0
    differ_links: int = 0
    folders: tuple[Path, ...] = ()


def read_holding(store: Store, task_id: str) -> Holding:
    """Read what the folders of a store hold of a task."""
    folder = store.solver_folder(task_id)
    links = read_links(folder)
    solvers = sorted(
        [Stored(link, folder) for link in links],
        key=lambda one: (-one.right, -one.link.t_log, one.link.md5),
    )
    folders = [folder] if links else []
    differs: list[Stored] = []
    differ_links = 0
    for kind in store.list_kinds():
        folder = store.differ_folder(task_id, kind)
        found = read_links(folder)
        differ_links += len(found)
        folders += [folder] if found else []
        changed = [Stored(link, folder, kind or "points") for link in found if link.score > 0]
        differs += _keep_first(sorted(changed, key=lambda one: (-one.link.score, one.link.md5)))
    return Holding(_keep_first(solvers), differs, len(links), differ_links, tuple(folders))


def _keep_first(ranked: Iterable[Stored]) -> list[Stored]:
    """Keep the first of each program."""
    first: dict[str, Stored] = {}
    for one in ranked:
        first.setdefault(one.link.md5, one)
    return [*first.values()]
