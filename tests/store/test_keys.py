import json
import re
from pathlib import Path

import pytest

from batt_utils.store.keys import hash_run, make_key, read_modules

RUN = {"texts": {"batt.py": b"a", "dsl.py": b"b"}, "timeout": 1, "device": "cpu", "tune": True}
SAMPLES = {"demo": [{"input": ((1, 2),), "output": ((3,),)}], "test": [{"input": ((4,),), "output": ((5,),)}]}
TASK = {"run": hash_run(**RUN), "task_id": "007bbfb7", "samples": SAMPLES, "stage": "training"}


def test_equal_parts_have_equal_keys():
    again = json.loads(json.dumps(SAMPLES))
    assert make_key(**TASK) == make_key(**TASK | {"samples": again})
    assert hash_run(**RUN) == hash_run(**RUN | {"timeout": 1.0, "texts": {"dsl.py": b"b", "batt.py": b"a"}})
    assert re.fullmatch("[0-9a-f]{32}", make_key(**TASK))


@pytest.mark.parametrize(
    "part",
    [
        {"texts": {"batt.py": b"a", "dsl.py": b"c"}},
        {"texts": {"batt.py": b"b", "dsl.py": b"a"}},
        {"texts": {"batt.py": b"a"}},
        {"texts": RUN["texts"] | {"constants.py": b""}},
        {"timeout": 1.5},
        {"device": "gpu"},
        {"tune": False},
    ],
    ids=str,
)
def test_each_part_of_a_run_counts(part):
    assert hash_run(**RUN | part) != hash_run(**RUN)


@pytest.mark.parametrize(
    "part",
    [
        {"run": hash_run(**RUN | {"timeout": 2})},
        {"task_id": "other"},
        {"stage": "evaluation"},
        {"samples": {"demo": SAMPLES["demo"], "test": []}},
        {"samples": {"demo": SAMPLES["test"], "test": SAMPLES["demo"]}},
        {"samples": {**SAMPLES, "test": [{"input": ((4,),), "output": ((6,),)}]}},
        {"samples": {**SAMPLES, "demo": [{"input": ((1,), (2,)), "output": ((3,),)}]}},
        {"samples": {**SAMPLES, "demo": SAMPLES["demo"] * 2}},
    ],
    ids=str,
)
def test_each_part_of_a_task_counts(part):
    assert make_key(**TASK | part) != make_key(**TASK)


FILES = {
    "batt.py": "from dsl import *\nimport os, safe_dsl as s\ndef batt():\n    import late\n",
    "dsl.py": "try:\n    from constants import *\nexcept ImportError: pass\nfrom pack.deep import inner\n",
    "constants.py": "import dsl",
    "safe_dsl.py": "",
    "late.py": "this is no Python",
    "pack/__init__.py": "from . import beside",
    "pack/beside.py": "",
    "pack/deep/__init__.py": "from ..other import x",
    "pack/deep/inner.py": "from .. import third",
    "pack/other.py": "",
    "pack/third.py": "",
    "pack/unused.py": "",
    "unused.py": "",
}


USED = [name for name in FILES if "unused" not in name]


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ([], []),
        (["os", "none", "none.x"], []),
        (["late"], ["late.py"]),
        (["safe_dsl", "safe_dsl"], ["safe_dsl.py"]),
        (["pack.other"], ["pack/__init__.py", "pack/beside.py", "pack/other.py"]),
        (["batt"], [name for name in FILES if "unused" not in name]),
        (
            ["dsl"],
            [name for name in FILES if name.startswith(("dsl", "const", "pack")) and "unused" not in name],
        ),
    ],
    ids=str,
)
def test_modules_are_read_with_what_they_import(folder, names, found):
    modules = read_modules(folder, names)
    assert list(modules) == sorted(found)
    assert modules == {name: FILES[name].encode() for name in found}


def test_no_folder_has_no_modules(tmp_path):
    assert read_modules(tmp_path / "none", ["dsl"]) == {}


def test_a_module_that_cannot_be_read_is_told(folder, monkeypatch):
    def fail(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(OSError, match="Permission denied"):
        read_modules(folder, ["dsl"])
