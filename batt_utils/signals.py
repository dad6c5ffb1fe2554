"""SIGINT and SIGTERM as an exception that comes once, and never between things that belong together."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupted(KeyboardInterrupt):
    """A signal asks the program to end; `status` is the exit status that says so."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number


class _State:
    came = 0  # the number of the first signal
    held = False


@contextmanager
def raise_signals() -> Iterator[None]:
    """While the block runs, the first SIGINT or SIGTERM raises `Interrupted`; later ones do nothing.

    One that was ignored before stays so. Outside the main thread, where none can be caught, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    process = os.getpid()
    _State.came, _State.held = 0, False

    def handle(number: int, frame: FrameType | None) -> None:
        if os.getpid() != process:  # a child that was forked just now
            os._exit(128 + number)
        if not _State.came:
            _State.came = number
            if not _State.held:
                raise Interrupted(number)

    before = {
        number: signal.signal(number, handle)
        for number in (signal.SIGINT, signal.SIGTERM)
        if signal.getsignal(number) != signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def hold() -> None:
    """From now on a signal waits for `release`."""
    _State.held = True


def release() -> None:
    """Ends a hold.

    Raises:
        Interrupted: a signal came meanwhile.
    """
    if _State.held:
        _State.held = False
        if _State.came:
            raise Interrupted(_State.came)
