"""SIGINT and SIGTERM as an exception that comes once, and never between things that belong together."""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from warnings import catch_warnings, filterwarnings

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_SECONDS = 0.001


class Interrupted(KeyboardInterrupt):
    """A signal asks the program to end.

    Attributes:
        status: the exit status that says so.
    """

    def __init__(self, number: int) -> None:
        """Take the signal's number."""
        super().__init__(number)
        self.status = 128 + number


@contextmanager
def raise_signals() -> Iterator[None]:
    """Let the first SIGINT or SIGTERM raise `Interrupted` while the block runs; later ones do nothing.

    One that was ignored before stays so. Outside the main thread, where none can be caught, nothing changes.
    """
    if not _is_main_thread():
        yield
        return
    came: list[int] = []

    def handle(number: int) -> None:
        came.append(number)
        if len(came) == 1:
            # It may come between making a coroutine and awaiting it.
            filterwarnings("ignore", "coroutine .* was never awaited", RuntimeWarning)
            raise Interrupted(number)

    left_alone = (signal.SIG_IGN, None)  # None: a handler that is not Python's
    numbers = [number for number in SIGNALS if signal.getsignal(number) not in left_alone]
    with catch_warnings(), _handle_with(handle, numbers), _send_again(came):
        yield


@contextmanager
def _send_again(came: list[int]) -> Iterator[None]:
    """Have a signal come again whose error was raised where Python drops errors, as in a `__del__`."""
    before = sys.unraisablehook

    def take(dropped: Any) -> None:
        if not isinstance(dropped.exc_value, Interrupted):
            before(dropped)
            return
        came.clear()
        # Sent from here, it would be dropped once more.
        threading.Timer(AGAIN_SECONDS, send, dropped.exc_value.args).start()

    def send(number: int) -> None:
        if sys.unraisablehook is take:
            os.kill(os.getpid(), number)

    sys.unraisablehook = take
    try:
        yield
    finally:
        sys.unraisablehook = before


@contextmanager
def held() -> Iterator[None]:
    """Hold a SIGINT or SIGTERM that is handled back till the end of the block; an error drops it.

    One that is ignored, or ends the process at once, does so. Outside the main thread nothing changes.
    """
    if not _is_main_thread():
        yield
        return
    came: list[int] = []
    with _handle_with(came.append, [number for number in SIGNALS if callable(signal.getsignal(number))]):
        yield
    for number in came:
        signal.raise_signal(number)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextmanager
def _handle_with(handle: Callable[[int], None], numbers: Iterable[signal.Signals]) -> Iterator[None]:
    process = os.getpid()

    def handle_here(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:  # a child that was forked just now
            os._exit(128 + number)
        handle(number)

    before = {number: signal.signal(number, handle_here) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
