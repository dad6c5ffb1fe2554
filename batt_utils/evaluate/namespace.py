"""The names that a batt's calls use: of the DSL in a folder, of the batt's imports, of the DSL with us."""

import builtins
import importlib
import sys
from collections.abc import Iterable, Set
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from batt_utils.batt.prelude import Import
from batt_utils.batt.program import DEFAULT, INPUTS, INTEGER
from batt_utils.console import ADVICE, UserError, describe_error
from batt_utils.evaluate.function import Batt

if TYPE_CHECKING:
    from batt_utils.evaluate.tune import Namespace

EMBEDDED = """
from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *
from batt_utils.arc.dsl import _get_safe_default
"""


def load_names(
    imports: Iterable[Import], wanted: Iterable[str], folder: str = ".", tuned: bool = True
) -> dict[str, object]:
    """Load the names for a batt's calls: of the DSL in a folder, and of the batt's imports what that lacks.

    The DSL in the folder is tuned if so wished. Where there is none, and the batt's imports cannot be
    found, the DSL that comes with us serves.
    """
    asked = {name for name in wanted if name not in INPUTS and not INTEGER(name)} | {DEFAULT}
    has_dsl = Path(folder, "dsl.py").exists()
    dsl: dict[str, object] = {}
    with tune(has_dsl and tuned, folder) as namespaces:
        if has_dsl:
            for module in ("dsl", "constants"):
                dsl |= vars(_import(module, "mend it, or run where there is none"))
        found, failures = _take_imports(imports, asked - dsl.keys())
        names = {**vars(builtins), **found, **dsl}
        namespaces.append(names)
    if failures and not asked <= names.keys():
        broken = [error for error in failures if has_dsl or not isinstance(error, ImportError)]
        if broken:
            raise _explain_import("the batt's imports", broken[0], "mend what they import")
        exec(EMBEDDED, names)
    return names


def tune(tuned: bool, folder: str, *stay: str) -> AbstractContextManager[list["Namespace"]]:
    """Tune what a block imports from a folder and the current one, if so wished, but for some modules."""
    if not tuned:
        return nullcontext([])
    from batt_utils.evaluate.tune import tuned_imports  # late: only a host's DSL is tuned

    return tuned_imports([str(Path(folder).resolve()), str(Path.cwd())], stay)


def _take_imports(
    imports: Iterable[Import], wanted: Set[str]
) -> tuple[dict[str, object], list[BaseException]]:
    """Make the imports of single names that are wanted, then of all names of a module while one is missing.

    Returns:
        The names, and what was raised.
    """
    names: dict[str, object] = {}
    failures: list[BaseException] = []
    for name, statement in sorted(imports, key=lambda one: one.name == "*"):
        if name in wanted - names.keys() or (
            name == "*" and not wanted <= names.keys() | vars(builtins).keys()
        ):
            found: dict[str, object] = {"__package__": ""}
            try:
                exec(statement, found)
            except BaseException as error:  # sys.exit among them
                failures.append(error)
            names = found | names  # the one that counts came first
    return names, failures


def _explain_import(what: str, error: BaseException, advice: str) -> UserError:
    """Explain an import that failed; give the advice unless the system lacks something."""
    if isinstance(error, OSError):
        advice = ADVICE.get(error.errno or 0, advice)
    return UserError(f"{what}: {describe_error(error)}: {advice}")


def import_batt(module: str) -> Batt:
    """Import a batt module and take its function.

    Raises:
        UserError: the module cannot be imported, or has no function `batt`.
    """
    sys.modules.pop(module, None)
    batt = getattr(_import(module, "write the batt anew"), "batt", None)
    if not callable(batt):
        raise UserError(f"{module}.py: it has no function batt: write the batt anew")
    return batt  # type: ignore[no-any-return]


def find_home(batt: Batt) -> str:
    """Name the module that a batt function can be imported from.

    Raises:
        UserError: there is none.
    """
    home = str(getattr(batt, "__module__", None))
    if home == "__main__" or getattr(sys.modules.get(home), "batt", None) is not batt:
        raise UserError(
            "the batt set in run_batt is in no module, and this process cannot be forked, for it uses CUDA: "
            "write the batt to a file, or import CuPy, PyTorch or JAX in the batt alone"
        )
    return home


def _import(module: str, advice: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except BaseException as error:  # sys.exit among them
        raise _explain_import(f"{module}.py", error, advice) from None


def forget_modules(folder: str) -> None:
    """Have the modules of the folder imported anew: in a notebook, others or older ones may be loaded."""
    importlib.invalidate_caches()
    for path in (*Path(folder).glob("*.py"), *Path().glob("*.py")):
        if path.stem not in sys.stdlib_module_names and path.stem != "__main__":
            sys.modules.pop(path.stem, None)
