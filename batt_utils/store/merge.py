"""Result folders of several machines put together, by the rules of saving."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from batt_utils.console import UserError
from batt_utils.rules import KINDS
from batt_utils.store.links import Link, Store, compete, keep_newest, list_names, read_links

SOLVERS = ""  # in place of a kind of differs


class Merged(NamedTuple):
    """What came of a merge.

    Attributes:
        tasks: how many there are in all folders together.
        solvers: how many of their links to solvers stayed in the end.
        differs: how many of their links to differs did.
        links: how many there were.
        passed_over: of each folder, the links whose text it lacks.
    """

    tasks: int
    solvers: int
    differs: int
    links: int
    passed_over: dict[str, list[Link]]


def merge(sources: Sequence[str], out: str) -> Merged:
    """Save in `out` what is in other result folders, as if their runs had come one after the other.

    The folders come in their order, and of each the oldest links first, after what `out` holds. So of a
    program's links for one score the last folder's stay: T_LOG of another machine is not better, but other.
    A link counts by its name, wherever it leads; the text is that in its own folder's `solver_md5` or
    `differ_md5`. Links without a text there are passed over.

    Raises:
        UserError: one of the folders holds no results.
        OSError: a text cannot be read.
        StoreError: something cannot be written; `out` is whole, and the same command goes on.
    """
    for source in sources:
        if not any((Path(source) / name).is_dir() for name in ("solver_dir", "differ_dir")):
            raise UserError(f"{source}: it holds no results: name a folder with solver_dir and differ_dir")
    stores = {source: Store(source) for source in sources}
    tasks = sorted({task_id for store in stores.values() for task_id in store.list_tasks()})
    stayed: Counter[str | None] = Counter()
    links = 0
    passed_over: dict[str, list[Link]] = {source: [] for source in stores}
    found_kinds = {kind for store in stores.values() for kind in store.list_kinds()}
    kinds = [kind for kind in (*KINDS, None) if kind in found_kinds]
    with Store(out, kinds or KINDS).opened(tasks) as to:
        for task_id in tasks:
            for kind in (SOLVERS, *kinds):
                there = read_links(_find_folder(to, task_id, kind))
                texts: dict[Link, str] = {}
                for source, store in stores.items():
                    found, lacking = _read_texts(store, task_id, kind)
                    links += len(found) + len(lacking)
                    passed_over[source] += lacking
                    there = _let_in(there, [*found])
                    texts |= found
                arrived = [link for link in there if link in texts]
                _save(to, task_id, kind, {link: texts[link] for link in arrived})
                stayed[kind] += len(arrived)
    solvers = stayed.pop(SOLVERS, 0)
    return Merged(len(tasks), solvers, stayed.total(), links, passed_over)


def _find_folder(store: Store, task_id: str, kind: str | None) -> Path:
    return store.solver_folder(task_id) if kind == SOLVERS else store.differ_folder(task_id, kind)


def _read_texts(store: Store, task_id: str, kind: str | None) -> tuple[dict[Link, str], list[Link]]:
    """Read the texts of a task's links, the oldest first; list the links that lack theirs."""
    files = store.out / ("solver_md5" if kind == SOLVERS else "differ_md5")
    links = list_names(_find_folder(store, task_id, kind))
    links = keep_newest(links) if kind == SOLVERS else links
    texts = {link: _read_text(files / f"{link.md5}.py") for link in links}
    return {link: text for link, text in texts.items() if text}, [link for link in texts if not texts[link]]


def _read_text(file: Path) -> str:
    """Read a program's text; empty if there is none, or it is damaged."""
    try:
        return file.read_bytes().decode() if file.is_file() else ""
    except UnicodeDecodeError:
        return ""


def _let_in(present: Sequence[Link], arrivals: Sequence[Link]) -> list[Link]:
    """List what is there after a run's links have come, the oldest first."""
    outcome = compete(present, arrivals)
    there = dict.fromkeys(link for link in present if link not in outcome.removed)
    return list(there | dict.fromkeys(arrivals[index] for index in outcome.stayed))


def _save(to: Store, task_id: str, kind: str | None, texts: Mapping[Link, str]) -> None:
    """Save only what stays in the end: all else would leave files that no link leads to."""
    by_md5 = {link.md5: text for link, text in texts.items()}
    if kind == SOLVERS:
        to.save_solvers(task_id, [*texts], by_md5)
    else:
        to.save_differs(task_id, kind, [*texts], by_md5)
