"""The result folders: what is there, what stays, and writing that is never seen half done.

    solver_md5/MD5.py                                  a solver, named after the md5 of its source
    solver_dir/solve_TASK/SCORE/T_LOG/MD5.py           an absolute symbolic link to it
    differ_md5/MD5.py                                  a differ
    differ_dir/{iz,zo}/solve_TASK/SCORE/T_LOG/MD5.py   an absolute symbolic link to it, by the seed's rules
    differ_dir/solve_TASK/SCORE/T_LOG/MD5.py           the same by the newest revision's: without a kind

A higher SCORE is better, and so is a higher T_LOG (it falls as seconds rise). Files and links are
made under a temporary name and then renamed, in this order: the file, its link, and only then the
removal of links that have lost their place. So a process killed at any moment leaves links to
whole files only, and loses none.
"""

import errno
import heapq
import os
import re
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from batt_utils.console import ADVICE, LIMITS, SPACE, UserError
from batt_utils.rules import KINDS
from batt_utils.signals import held
from batt_utils.store.files import TEMPORARY, list_entries, make_whole, name_temporary, sweep
from batt_utils.tasks import MAX_ID_BYTES, is_task_id

if sys.platform != "win32":
    import fcntl

MAX_FILES = 32

_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_TASK = re.compile(r"solve_.+")
_ANY = re.compile(r".*", re.DOTALL)
_FILE = re.compile(r"[0-9a-f]{32}\.py")
_ATTEMPTS = 6  # to make something: without its folder, then with others who clear it away


class StoreError(OSError):
    """Saving failed; `str()` is one line that says what, where, and what to do."""


class Link(NamedTuple):
    """The symbolic link SCORE/T_LOG/MD5.py below the folder of a task."""

    score: int
    t_log: int
    md5: str

    @property
    def identity(self) -> tuple[int, str]:
        """What a folder has one link of: a score and a program."""
        return self.score, self.md5


class Outcome(NamedTuple):
    """What became of links that arrived in a folder (see `compete`)."""

    accepted: list[int]
    """Indices of the arrivals that got a place when they came."""
    stayed: list[int]
    """Those of them that still have it at the end."""
    removed: list[Link]
    """The links of before that lost their place."""


def compete(present: Sequence[Link], arrivals: Sequence[Link], max_files: int = MAX_FILES) -> Outcome:
    """Decide which links stay when `arrivals` come, one after the other, to those `present`.

    Those that arrive come of one run. A program's links for a score that are there, and do not come again,
    are of an earlier run: the first arrival of that program and score replaces them. One that is there
    already changes nothing. Before any other arrival, while more than `max_files` links are there, the worst
    one (lowest score, then lowest t_log, then oldest) loses its place, unless the arrival's score is lower
    than the worst one's: then the arrival is refused.

    Args:
        present: different links, the oldest first.
        arrivals: links in the order in which they come.
        max_files: how many links may be there for one more to be let in freely.

    >>> worse, better = Link(1, 9, 'a'), Link(2, 9, 'b')
    >>> compete([worse], [better, worse], max_files=0)
    Outcome(accepted=[0], stayed=[0], removed=[Link(score=1, t_log=9, md5='a')])
    >>> compete([worse], [Link(1, 8, 'a')])
    Outcome(accepted=[0], stayed=[0], removed=[Link(score=1, t_log=9, md5='a')])
    """
    links = [*present, *arrivals]
    there = {link: age for age, link in enumerate(present)}
    outdated: dict[tuple[int, str], list[Link]] = {}
    for link in there.keys() - {*arrivals}:
        outdated.setdefault(link.identity, []).append(link)
    worst_first = [(link.score, link.t_log, age) for age, link in enumerate(present)]
    heapq.heapify(worst_first)
    accepted = []
    for index, link in enumerate(arrivals):
        replaced = [old for old in outdated.pop(link.identity, []) if there.pop(old, None) is not None]
        if link not in there:
            while not replaced and len(there) > max_files and link.score >= worst_first[0][0]:
                age = heapq.heappop(worst_first)[2]
                if there.get(links[age]) == age:  # not replaced since
                    del there[links[age]]
            if not replaced and len(there) > max_files:
                continue
            there[link] = len(present) + index
            heapq.heappush(worst_first, (link.score, link.t_log, there[link]))
        accepted.append(index)
    return Outcome(
        accepted,
        [index for index in accepted if arrivals[index] in there],
        [link for link in present if link not in there],
    )


def keep_newest(links: Sequence[Link]) -> list[Link]:
    """Keep of each program's links for a score the last one."""
    last = {link.identity: link for link in links}
    return [link for link in links if last[link.identity] == link]


def read_links(folder: Path) -> list[Link]:
    """List the links below the folder of a task, the oldest first, equally old ones in order.

    Whatever has another name, is a directory, or leads to no file is passed over. A plain file
    with a link's name counts as one: a copy of the folders may have been made that way. So does a dead
    link to a place that is no more, if its file is in this store: the folders have been moved.
    """
    return _scan(folder)[0]


def list_names(folder: Path) -> list[Link]:
    """List what has the name of a link below the folder of a task, wherever it leads, the oldest first."""
    return [link for link, _ in _list_by_age(folder)]


def find_file(folder: Path, link: Link) -> Path:
    """Name the file of a link below the folder of a task: that of its store, else the one it leads to.

    In a store that was moved the link leads nowhere, in one that was copied into the other one.
    """
    path = _link_path(folder, link)
    own = _files_of(folder) / path.name
    return own if own.is_file() else path


def check_save(path: str | os.PathLike[str], score: int, max_files: int = MAX_FILES) -> bool:
    """Make room below `path`, the folder of a task, for one more link with this score.

    While more than `max_files` links are there, the worst one (lowest score, then lowest t_log, then oldest)
    is removed, unless its score is higher.

    Returns:
        True if the score is lower than the worst one there: the new one is not to be saved.

    Raises:
        StoreError: a link cannot be read or removed.
    """
    folder = Path(path)
    with _explained(folder):
        if not folder.is_dir():
            return False
        with _locked(folder):
            links = sorted(_scan(folder)[0], key=lambda link: link[:2])  # equal ones stay oldest first
            excess = max(len(links) - max_files, 0)
            removed = [link for link in links[:excess] if link.score <= score]
            for link in removed:
                _link_path(folder, link).unlink(missing_ok=True)
    return len(removed) < excess


class Store:
    """The four result folders below `out`. Several processes may use the same ones at once.

    >>> store = Store(out)
    >>> store.prepare()
    >>> md5 = '0db907dd26dfff8a8969e52337a8fdf9'
    >>> store.save_solvers('007bbfb7', [Link(5, 14, md5)], {md5: 'the text'})
    Outcome(accepted=[0], stayed=[0], removed=[])
    """

    def __init__(self, out: str | os.PathLike[str], kinds: Sequence[str | None] = KINDS) -> None:
        """Name the folders, for these kinds of differs; nothing is made yet."""
        self.out = Path(out).absolute()
        self._kinds = kinds

    def find_missing(self) -> list[Path]:
        """List those of the folders, and of the ones that they are in, that are not there yet."""
        return _find_missing(self._folders())

    @contextmanager
    def opened(self, task_ids: Iterable[str] = ()) -> Iterator["Store"]:
        """Prepare the folders (see `prepare`); an error in the block removes those made and left empty."""
        with _tidied(self._folders()):
            self.prepare(task_ids)
            yield self

    def prepare(self, task_ids: Iterable[str] = ()) -> None:
        """Make the folders, see that files and links can be made there, sweep old leftovers.

        Args:
            task_ids: tasks whose folders, where there are any, are looked at too.

        Raises:
            StoreError: one of the folders cannot be used.
            UserError: a task id is no plain name.
        """
        for folder in self._folders():
            with _explained(folder):
                folder.mkdir(parents=True, exist_ok=True)
                sweep(folder)
                with held():
                    _probe(folder)
        for task_id in task_ids:
            differ_folders = [self.differ_folder(task_id, kind) for kind in self._kinds]
            for folder in (self.solver_folder(task_id), *differ_folders):
                with _explained(folder):
                    _check_folder(folder)

    def _folders(self) -> list[Path]:
        names = ["solver_md5", "solver_dir", "differ_md5"]
        return [*[self.out / name for name in names], *[self._kind_folder(kind) for kind in self._kinds]]

    def _kind_folder(self, kind: str | None) -> Path:
        return self.out / "differ_dir" / (kind or "")

    def solver_folder(self, task_id: str) -> Path:
        """Name the folder of the links to a task's solvers.

        Raises:
            UserError: the task id is no plain name, so its folder could be anywhere.
        """
        return self.out / "solver_dir" / _task_folder(task_id)

    def differ_folder(self, task_id: str, kind: str | None = None) -> Path:
        """Name the folder of the links to a task's differs of the kind 'iz' or 'zo', or without a kind.

        Raises:
            UserError: there is no such kind, or the task id is no plain name.
        """
        if kind not in (*KINDS, None):
            raise UserError(f"no such kind of differ: {kind!r}; use one of {', '.join(KINDS)}")
        return self._kind_folder(kind) / _task_folder(task_id)

    def read_solvers(self, task_id: str) -> dict[str, str]:
        """Read the texts of a task's solvers by md5, the best first; leave out what cannot be read."""
        folder = self.solver_folder(task_id)
        texts: dict[str, str] = {}
        for link in sorted(read_links(folder), key=lambda link: (-link.score, -link.t_log, link.md5)):
            with suppress(OSError, UnicodeDecodeError):
                texts.setdefault(link.md5, find_file(folder, link).read_text(encoding="utf-8"))
        return texts

    def list_tasks(self) -> list[str]:
        """List the tasks that have a folder of links, in order."""
        above = [self.out / "solver_dir", *(self._kind_folder(kind) for kind in (*KINDS, None))]
        entries = [entry for folder in above for entry in list_entries(folder, _TASK)]
        names = {entry.name.removeprefix("solve_") for entry in entries if _leads_there(entry.is_dir)}
        return sorted(filter(is_task_id, names))

    def list_kinds(self) -> list[str | None]:
        """List the kinds of differs that have a folder, None for those without a kind."""
        differ_dir = self._kind_folder(None)
        kinds: list[str | None] = [kind for kind in KINDS if self._kind_folder(kind).is_dir()]
        return [*kinds, None] if list_entries(differ_dir, _TASK) else kinds

    def count_unlinked(self) -> int:
        """Count the files of solvers and differs that no link leads to; 0 where a folder cannot be read."""
        folders = ("solver_md5", "solver_dir"), ("differ_md5", "differ_dir")
        try:
            return sum(self._count_unlinked(files, links) for files, links in folders)
        except OSError:
            return 0

    def _count_unlinked(self, files: str, links: str) -> int:
        unlinked = {entry.name for entry in list_entries(self.out / files, _FILE)}
        for name in _walk(self.out / links):
            unlinked.discard(name)
            if not unlinked:  # which spares half of the time of a long run's parent
                break
        return len(unlinked)

    def save_solvers(self, task_id: str, links: Sequence[Link], texts: Mapping[str, str]) -> Outcome:
        """Save a task's solvers as if they came one after the other, each past `check_save`.

        A solver has one link for a score, with the t_log that came last.

        Args:
            task_id: the task.
            links: one for each solver, in the order in which they come.
            texts: the text of each solver by its md5.

        Returns:
            What became of each of `links`. The files of all accepted ones are written; the links
            are of those that stayed.

        Raises:
            StoreError: something cannot be written. The links of before are all there still.
            UserError: the task id is no plain name.
        """
        last = {link.identity: link for link in links}
        links = [last[link.identity] for link in links]
        return self._save(self.solver_folder(task_id), "solver_md5", links, texts)

    def save_differs(
        self, task_id: str, kind: str | None, links: Sequence[Link], texts: Mapping[str, str]
    ) -> Outcome:
        """Save a task's differs of the kind 'iz' or 'zo', or without a kind, as `save_solvers` does solvers.

        A differ has one link for a score and the t_log of each solver that comes with it.
        """
        return self._save(self.differ_folder(task_id, kind), "differ_md5", links, texts)

    def _save(
        self, folder: Path, md5_folder: str, links: Sequence[Link], texts: Mapping[str, str]
    ) -> Outcome:
        if not links and not os.path.lexists(folder):
            return Outcome([], [], [])
        below = {f"{link.score}/{link.t_log}" for link in links}
        with _explained(folder), _tidied(folder / name for name in below):
            folder.mkdir(parents=True, exist_ok=True)
            files = Path(os.path.realpath(self.out / md5_folder))
            with _locked(folder):
                sweep(folder)
                present, dead = _scan(folder)
                made: dict[Path, Path] = {}
                for link in dead:
                    if link in present:  # this store has its file
                        _link(_link_path(folder, link), files / f"{link.md5}.py", folder, made)
                    elif link.md5 in texts:
                        # Writing a file that comes now would bring dead links to it to life, uncounted.
                        _link_path(folder, link).unlink(missing_ok=True)
                # A killed process may have left more links than fit: they come once again.
                counting = keep_newest(present) if md5_folder == "solver_md5" else present
                fitting = [counting[index] for index in compete([], counting).stayed]
                outcome = compete(fitting, links)
                for md5 in {links[index].md5 for index in outcome.accepted}:
                    _write(files / f"{md5}.py", texts[md5].encode())
                staying = dict.fromkeys(links[index] for index in outcome.stayed)
                before = {*fitting}
                for link in staying:
                    path, target = _link_path(folder, link), files / f"{link.md5}.py"
                    if link not in before or not _is_link(path, target):
                        _link(path, target, folder, made)
                there = {*before, *staying} - {*outcome.removed}
                removed = [link for link in present if link not in there]
                for link in removed:
                    _link_path(folder, link).unlink(missing_ok=True)
        return outcome._replace(removed=removed)


def _walk(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Give the names of what is no folder below a folder; no folder holds nothing."""
    for entry in list_entries(folder, _ANY):
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry)
        else:
            yield entry.name


def _task_folder(task_id: str) -> str:
    if not is_task_id(task_id):
        raise UserError(
            f"task id {task_id!r} cannot name a folder; use up to {MAX_ID_BYTES} letters, digits and other "
            "signs, no '/', no '.' at the start"
        )
    return f"solve_{task_id}"


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of the folders that are empty, or are once the others are gone."""
    for folder in sorted(folders, reverse=True):  # the inner ones first
        with suppress(OSError):
            folder.rmdir()


def _find_missing(folders: Iterable[Path]) -> list[Path]:
    missing: set[Path] = set()
    for folder in folders:
        while folder not in missing and not os.path.lexists(folder):
            missing.add(folder)
            folder = folder.parent
    return list(missing)


@contextmanager
def _tidied(folders: Iterable[Path]) -> Iterator[None]:
    """Have an error within the block remove those folders and their parents that it made and left empty."""
    missing = _find_missing(folders)
    try:
        yield
    except BaseException:
        remove_empty(missing)
        raise


def _probe(folder: Path) -> None:
    """See that a file can be written in a folder, and a link be made."""
    probe = name_temporary(folder)
    try:
        _make_below(probe, lambda path: path.write_bytes(b"probe"))
        probe.unlink(missing_ok=True)
        try:
            _make_below(probe, lambda path: path.symlink_to(folder))
        except OSError as error:
            if error.errno not in ADVICE:  # a file could be made just now
                raise StoreError(
                    f"cannot save to {str(folder)!r}: its file system has no symbolic links "
                    f"({error.strerror}); choose an --out on one that has them"
                ) from error
            raise
    finally:
        probe.unlink(missing_ok=True)


def _check_folder(folder: Path) -> None:
    """See that something can be made in a folder, if it is there.

    Raises:
        OSError: what making it would raise, as far as that shows.
    """
    try:
        found = folder.stat()
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(found.st_mode):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _link_path(folder: Path, link: Link) -> Path:
    return folder / f"{link.score}/{link.t_log}/{link.md5}.py"


def _files_of(folder: Path) -> Path:
    """Name the folder of the files that the links below the folder of a task lead to."""
    for above in folder.absolute().parents:
        if above.name in ("solver_dir", "differ_dir"):
            return above.with_name(above.name.replace("_dir", "_md5"))
    return folder


def _scan(folder: Path) -> tuple[list[Link], list[Link]]:
    """List the links below folder that lead to a file, and the dead ones; the oldest first.

    Dead ones that have a file in this store, which was moved, are in both lists.
    """
    present, dead = [], []
    files = _files_of(folder)
    for link, entry in _list_by_age(folder):
        if _leads_there(entry.is_file):
            present.append(link)
        elif entry.is_symlink():
            dead.append(link)
            with suppress(FileNotFoundError):  # removed meanwhile
                if _is_lost(Path(entry), files):
                    present.append(link)
    return present, dead


def _list_by_age(folder: Path) -> list[tuple[Link, os.DirEntry[str]]]:
    """List what has the name of a link below folder, the oldest first, equally old ones in order."""
    aged = []
    for score in list_entries(folder, _NUMBER):
        for t_log in list_entries(score, _NUMBER):
            for entry in list_entries(t_log, _FILE):
                link = Link(int(score.name), int(t_log.name), entry.name[:-3])
                with suppress(FileNotFoundError):  # removed meanwhile
                    aged.append((entry.stat(follow_symlinks=False).st_mtime_ns, link, entry))
    return [(link, entry) for _, link, entry in sorted(aged, key=lambda one: one[:2])]


def _leads_there(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except OSError:  # links in a circle, or into a folder that may not be read
        return False


def _is_lost(path: Path, files: Path) -> bool:
    """Whether a dead link led to where its file, which is in files, was before the store moved."""
    target = path.readlink()
    moved = target.is_absolute() and target.name == path.name and not os.path.lexists(target)
    return moved and (files / path.name).is_file()


def _write(path: Path, content: bytes) -> None:
    with suppress(FileNotFoundError):
        if path.exists() and path.read_bytes() == content:
            return
    _make_below(path, lambda path: make_whole(path, path.parent, lambda new: new.write_bytes(content)))


def _is_link(path: Path, target: Path) -> bool:
    with suppress(OSError):
        return path.readlink() == target
    return False


def _link(path: Path, target: Path, folder: Path, made: dict[Path, Path]) -> None:
    """Link path to target. `made` has a link to each target; the new one may be another name for it."""

    def make(path: Path) -> None:
        # Another name costs a tenth of another link, where there can be one; equally old they are anyway.
        with suppress(KeyError, OSError, NotImplementedError):
            os.link(made[target], path, follow_symlinks=False)
            return
        path.symlink_to(target)

    try:
        _make_below(path, make)  # a link comes as a whole, so it needs no temporary name
    except FileExistsError:
        _make_below(path, lambda path: make_whole(path, folder, make))
    made.setdefault(target, path)


def _make_below(path: Path, make: Callable[[Path], object]) -> None:
    """Have path made; the folders that it lacks are made when they are missed."""
    for attempt in range(_ATTEMPTS):
        try:
            make(path)
            return
        except FileNotFoundError:  # or somebody has just cleared a file or folder
            if attempt == _ATTEMPTS - 1:
                raise
            path.parent.mkdir(parents=True, exist_ok=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other processes out of the links below folder; nothing is left behind."""
    if sys.platform == "win32":
        yield
    else:
        handle = os.open(folder, os.O_RDONLY)
        try:
            with suppress(OSError):  # some network file systems have no locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            # Closing alone is not enough: a child forked meanwhile holds the same lock.
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn an OSError into a StoreError of one line."""
    try:
        yield
    except StoreError:
        raise
    except OSError as error:
        where = Path(os.fsdecode(error.filename2 or error.filename or folder))
        if TEMPORARY.fullmatch(where.name):
            where = where.parent
        if error.errno in LIMITS:
            advice = LIMITS[error.errno]
        elif error.errno in SPACE:
            advice = f"{SPACE[error.errno]} or choose another --out"
        elif isinstance(error, (FileExistsError, NotADirectoryError, IsADirectoryError)):
            advice = "move away what is in the way or choose another --out"
        elif error.errno == errno.ENAMETOOLONG:
            advice = "use a shorter name or choose another --out"
        else:
            advice = "allow writing there or choose another --out"
        raise StoreError(f"cannot save to {str(where)!r}: {error.strerror or error}; {advice}") from error
