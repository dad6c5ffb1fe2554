"""The texts of a table's programs: each is made once, however many tasks need it."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from batt_utils.batt.expand import expand
from batt_utils.batt.inline import Inliner, TooLong
from batt_utils.batt.program import Calls, find_needed, write_body

INLINE_THREADS = 4


class Texts:
    """The texts of the calls of one table; each is kept once it is made.

    >>> from batt_utils.batt.reader import parse_calls
    >>> texts = Texts(parse_calls({1: "hmirror, I", 2: "vconcat, I, t1"}))
    >>> texts.name_all("solve", [2])
    {2: '690505e248cf7b17691370f2c7f90ef8'}
    >>> texts.find_needed(2)
    [1, 2]
    """

    def __init__(self, calls: Calls) -> None:
        self.calls = calls
        self._names: dict[tuple[str, int], str | TooLong] = {}
        self._expanded: dict[tuple[str, int], str] = {}
        self._needed: dict[int, list[int]] = {}

    def name_all(self, kind: str, roots: Sequence[int]) -> dict[int, str | TooLong]:
        """Find the md5 of the inlined text of each call, or say that it would be too long.

        `kind` is what the function of the text is named: `solve` or `differ`.
        """
        new = [t for t in roots if (kind, t) not in self._names]
        if new:
            inliner = Inliner(self.calls, new)

            def name_batch(batch: Iterable[int]) -> list[str | TooLong]:
                return [_name(inliner, kind, t) for t in batch]

            size = -(-len(new) // INLINE_THREADS)
            batches = [new[start : start + size] for start in range(0, len(new), size)]
            try:
                with ThreadPoolExecutor(max_workers=INLINE_THREADS) as pool:
                    found = [*pool.map(name_batch, batches)]
            except RuntimeError:  # no thread can be started
                found = [*map(name_batch, batches)]
            self._names |= {(kind, t): name for t, name in zip(new, chain.from_iterable(found))}
        return {t: self._names[kind, t] for t in roots}

    def expand(self, kind: str, t: int) -> str:
        """Write call `t` as the file of a function named `kind`."""
        if (kind, t) not in self._expanded:
            self._expanded[kind, t] = expand(self.calls, kind, t)
        return self._expanded[kind, t]

    def write_source(self, t: int) -> str:
        """Write call `t` as a solver, one line for each call that it needs."""
        return f"def solve(S, I, C):\n{write_body(self.calls, t)}"

    def find_needed(self, t: int) -> list[int]:
        """Find all calls that call `t` needs, directly or not, itself included, in rising order."""
        if t not in self._needed:
            self._needed[t] = find_needed(self.calls, [t])
        return self._needed[t]


def _name(inliner: Inliner, kind: str, t: int) -> str | TooLong:
    try:
        return inliner.name(kind, t)
    except TooLong as error:
        return error
