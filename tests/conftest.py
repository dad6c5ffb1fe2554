"""How invented examples are drawn, and what many tests start from."""

import signal
import sys

import pytest
from hypothesis import settings

settings.register_profile("quick", deadline=None, max_examples=200)
settings.load_profile("quick")

# A shell that starts this in the background has SIGINT ignored, also in the runs that are tried.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty current folder, which modules are imported from and forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
