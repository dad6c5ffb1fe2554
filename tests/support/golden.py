"""The recorded data."""

import json
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[1] / "golden"


def read_golden(name: str) -> Any:
    """Read a recorded file."""
    return json.loads((GOLDEN / f"{name}.json").read_text())


def make_tuples(value: Any) -> Any:
    """Turn the lists of recorded values into tuples."""
    return tuple(map(make_tuples, value)) if isinstance(value, list) else value
