"""The names of a batt."""

import sys
from pathlib import Path

import pytest
from evaluation import DSL, GRID, OTHER, output, write_batt, write_modules

from batt_utils.batt.plan import make_plan
from batt_utils.batt.prelude import parse, read_prelude
from batt_utils.batt.reader import read_program
from batt_utils.evaluate.namespace import load_names

CALLS_DSL = write_batt("t1 = mirror(I, ZERO, 3, -1)", "t2 = t1(S, C, None)", output(2, "a"))


def list_imports(prelude):
    return read_prelude(parse(prelude)).imports


def test_the_names_are_those_of_the_folders_dsl(folder):
    write_modules(folder, dsl=DSL, constants="ZERO = 0\n")
    names = load_names([], ["mirror", "ZERO"])
    assert names["mirror"](GRID + OTHER) == OTHER + GRID
    assert (names["ZERO"], names["len"], names["None"]) == (0, len, None)
    assert names["_get_safe_default"](len) == ()


def test_a_batts_imports_are_left_alone_where_the_dsl_has_every_name(folder):
    write_modules(folder, dsl=DSL, constants="ZERO = 0\n", pile="raise SystemExit")
    plan = make_plan(read_program("from pile import *\n" + CALLS_DSL))
    names = load_names(plan.program.imports, plan.names)
    assert names["ZERO"] == 0
    assert "pile" not in sys.modules


def test_a_name_that_the_dsl_lacks_is_looked_for_in_the_batts_imports(folder):
    write_modules(folder, dsl=DSL, constants="ZERO = 0\n", pile="ONE, ZERO = 1, 'another'\n")
    names = load_names(list_imports("from pile import *\n"), ["mirror", "ONE"])
    assert (names["ONE"], names["ZERO"]) == (1, 0)


@pytest.mark.parametrize("has_dsl", [True, False], ids=["a DSL", "no DSL"])
@pytest.mark.parametrize(
    ("prelude", "value"),
    [
        pytest.param(
            "from unwanted import *\nfrom own import ONE\n", "own", id="a single name before all names"
        ),
        pytest.param(
            "from own import ONE\nfrom unwanted import *\n", "own", id="a single name after all names"
        ),
        pytest.param("from own import that as ONE\nfrom unwanted import *\n", "that", id="another name"),
        pytest.param("from other import ONE\nfrom own import ONE\n", "own", id="the last of two"),
        pytest.param(
            "from unwanted import *\nfrom other import *\nfrom own import *\n",
            "own",
            id="all names: the last",
        ),
        pytest.param("from own import *\nfrom empty import *\n", "own", id="all names: the last that has it"),
        pytest.param(
            "from own import ONE\nimport unwanted, nowhere\nfrom unwanted import ZERO\n",
            "own",
            id="no other name",
        ),
        pytest.param("from own import *\nfrom nowhere import *\n", "own", id="a module that is nowhere"),
        pytest.param(
            "from own import ONE\nfrom other import THREE as ONE\n", "own", id="a name that is nowhere"
        ),
        pytest.param("from own import *\nfrom leaving import ONE\n", "own", id="a module that ends"),
        pytest.param(
            "from own import ONE\nimport nowhere.sub as ONE\n", "own", id="a package that is nowhere"
        ),
        pytest.param(
            "from .own import *\ntry:\n    pass\nfinally:\n    from own import *",
            "own",
            id="no package of its own",
        ),
        pytest.param(
            "try:\n    from own import ONE\nexcept ImportError:\n    from other import ONE\n", "own", id="try"
        ),
        pytest.param(
            "try:\n    from nowhere import ONE\nexcept ImportError:\n    from own import ONE\n",
            "own",
            id="except",
        ),
        pytest.param(
            "raise SystemExit\nif False:\n    from own import ONE\nONE.x = 1\n", "own", id="other statements"
        ),
    ],
)
def test_a_name_comes_from_the_import_that_binds_it(folder, has_dsl, prelude, value):
    own = "ONE, that, mirror, _get_safe_default = 'own', 'that', len, len\n"
    write_modules(folder, own=own, other="ONE = 'other'\n", empty="", leaving="raise SystemExit")
    write_modules(folder, unwanted="open('ran', 'w').close()\n")
    if has_dsl:
        write_modules(folder, dsl=DSL, constants="ZERO = 0\n")
    else:
        prelude = f"from own import mirror, _get_safe_default\n{prelude}"
    names = load_names(list_imports(prelude), ["ONE", "mirror", "I", "3", "None"])
    assert names["ONE"] == value
    assert (names["mirror"] is len) is not has_dsl
    assert not Path("ran").exists()


def test_a_name_that_python_has_is_taken_from_an_import_of_it_alone(folder):
    write_modules(folder, dsl=DSL, constants="", own="max = len = 5\n")
    names = load_names(list_imports("from own import max\nfrom pile import *\n"), ["mirror", "max", "len"])
    assert (names["max"], names["len"]) == (5, len)


def test_without_a_dsl_the_names_are_those_of_the_batts_imports(folder):
    write_modules(folder, pile="def mirror(grid):\n    return 5\n", own="ZERO = 7\n")
    imports = list_imports("from pile import *\nfrom own import ZERO\nimport own as that\n")
    names = load_names(imports, ["mirror", "ZERO", "that", "len"])
    assert (names["mirror"](GRID), names["ZERO"], names["that"].ZERO, names["len"]) == (5, 7, 7, len)


def test_without_either_the_names_are_those_of_the_dsl_that_comes_along(folder):
    from batt_utils.arc import constants, dsl

    names = load_names(list_imports("from pile import *\n"), ["hmirror", "ZERO"])
    assert names["hmirror"] is dsl.hmirror
    assert names["ZERO"] is constants.ZERO
    assert names["_get_safe_default"] is dsl._get_safe_default


@pytest.mark.parametrize(
    "prelude",
    [
        "from dsl import *\nfrom constants import *\nfrom safe_dsl import _get_safe_default\n",
        "from .pile import *\n",
    ],
    ids=["the newest", "a package of its own"],
)
def test_imports_that_cannot_be_found_leave_the_dsl_that_comes_along(folder, prelude):
    from batt_utils.arc import constants, dsl

    write_modules(folder, constants="ZERO = 'another'\n", pile="hmirror = ZERO = 'another'\n")
    names = load_names(list_imports(prelude), ["hmirror", "ZERO"])
    found = names["hmirror"], names["ZERO"], names["_get_safe_default"]
    assert found == (dsl.hmirror, constants.ZERO, dsl._get_safe_default)
