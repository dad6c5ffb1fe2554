"""The tuning of a host's DSL: what is passed over and remembered, and that all else stays."""

import functools
import importlib
import inspect
import logging
import sys
import traceback
import typing
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batt_utils.modules import load_batt
from batt_utils.tasks import get_data
from batt_utils.tune import tune, tune_default
from host import FUNCTIONS, NAME, make_host

TASK = "007bbfb7"


class Written:
    """A value that counts how often it is written out."""

    def __init__(self):
        self.times = 0

    def __repr__(self):
        self.times += 1
        return "written"

    __str__ = __repr__

    def __format__(self, form):
        return repr(self)


class Loud(logging.Logger):
    """A logger that does something also when it is off."""

    def info(self, *arguments, **options):
        pass


def get_logger(level=logging.WARNING, kind=logging.Logger):
    logger = kind("a host")
    logger.setLevel(level)
    logger.addHandler(logging.NullHandler())
    return logger


def load(source, **names):
    """The namespace of a module."""
    namespace = {"__name__": "a_host", "logger": get_logger(), **names}
    exec(compile(source, "dsl.py", "exec"), namespace)
    return namespace


def tune_all(namespace):
    return tune(namespace, list(namespace))


def count_writing(function):
    value = Written()
    result = function(value)
    if inspect.isgenerator(result):
        list(result)
    elif callable(result):
        result(1)
    return value.times


PASSED_OVER = {
    "usual": "def f(a, b=1):\n    logger.info(f'f: {a = }, {b = }')\n    return a",
    "plain value": "def f(a):\n    logger.info(f'{a}')\n    return a",
    "str and ascii": "def f(a):\n    logger.info(f'{a!s}{a!a}')",
    "debug": "def f(a):\n    logger.debug(f'f: {a = }')",
    "other name": "def f(a):\n    _log.info(f'f: {a = }')",
    "after a docstring": "def f(a):\n    '''What it does.'''\n    logger.info(f'f: {a = }')",
    "over lines": "def f(a):\n    logger.info(\n        f'f: {a = }, '\n        f'{a}'\n    )",
    "twice": "def f(a):\n    logger.info(f'f: {a = }')\n    logger.debug(f'f: {a = }')",
    "keyword-only": "def f(b, *c, a=None):\n    logger.info(f'{b}{a}')",
    "many": f"def f(a):\n    logger.info(f'{'{a}' * 12}')",
    "of one that calls itself": "def f(a):\n    logger.info(f'{a}')\n    return None if a else f(a)",
    "with an empty closure": "def make():\n    def f(a):\n        logger.info(f'{a}')\n        a or x\n"
    "    return f\n    x = 1\nf = make()",
    "captured": "def f(a):\n    logger.info(f'f: {a = }')\n    return lambda x: a",
    "captured, another deleted": "def f(a, b=1):\n    logger.info(f'{a}')\n    del b\n    return lambda x: a",
    "local": "def f(a):\n    res = a\n    logger.info(f'f: {res = }')\n    return res",
    "local of a loop": "def f(a):\n    for x in [a, a]:\n        y = 1\n        logger.info(f'{x}{y}')",
    "in a condition": "def f(a):\n    if a:\n        logger.info(f'{a}')\n    return a",
    "in a try": "def f(a):\n    try:\n        logger.info(f'{a}')\n    except TypeError as e:\n        a = e",
    "in a handler": "def f(a):\n    try:\n        1 / 0\n    except ValueError:\n        pass\n"
    "    except ZeroDivisionError:\n        logger.info(f'{a}')",
    "in a generator": "def f(a):\n    logger.info(f'{a}')\n    yield a",
    "in an inner function": "def f(a):\n    def g(b):\n        logger.info(f'{b}')\n    g(a)",
    "in a function that is called": "def f(a):\n    return g(a)\ndef g(a):\n    logger.info(f'{a}')",
    "in a function called in a loop": "def f(a):\n    return [g(x) for x in [a]]\n"
    "def g(a):\n    logger.info(f'{a}')",
    "in what is returned": "def f(a):\n    def g(x):\n        logger.info(f'{x}')\n    g(a)\n    return g",
    "wrapped": "def w(g):\n    @wraps(g)\n    def safe(*rest):\n        return g(*rest)\n    return safe\n"
    "@w\ndef f(a):\n    logger.info(f'{a}')",
    "wrapped without wraps": "def w(g):\n    return lambda *rest: g(*rest)\n"
    "@w\ndef f(a):\n    logger.info(f'{a}')",
    "cached": "@lru_cache\ndef g(a):\n    logger.info(f'{a}')\ndef f(a):\n    g(a)",
    "part of an expression": "def f(a):\n    a and logger.info(f'{a}')",
}


@pytest.mark.parametrize("source", PASSED_OVER.values(), ids=PASSED_OVER)
def test_log_line_is_passed_over(source):
    tools = {"wraps": functools.wraps, "lru_cache": functools.lru_cache, "_log": get_logger()}
    assert count_writing(load(source, **tools)["f"]) > 0
    namespace = load(source, **tools)
    assert tune(namespace, ["f"]) == 1
    assert count_writing(namespace["f"]) == 0


LONG = f"f'{'{a}' * 12}'"
STAYS = {
    "warning": "def f(a):\n    logger.warning(f'{a}')",
    "format": "def f(a):\n    logger.info(f'{a:>5}')",
    "format that is computed": "def f(a, b=5):\n    logger.info(f'{a:{b}}')",
    "call": "def f(a):\n    logger.info(f'{note(a)}')",
    "call as argument": "def f(a):\n    logger.info('%s', note(a))",
    "method": "def f(a):\n    logger.info(f'{a.__repr__()}')",
    "attribute": "def f(a):\n    logger.info(f'{a.times}')",
    "item": "def f(a):\n    logger.info(f'{a[0]}')",
    "sum": "def f(a):\n    logger.info(f'{a}' + 'x')",
    "condition": "def f(a):\n    logger.info(f'{a if a else 1}')",
    "walrus": "def f(a):\n    logger.info(f'{(x := a)}')\n    return x",
    "global": "def f(a):\n    logger.info(f'{note}')",
    "star": "def f(a):\n    logger.info(*[f'{a}'])",
    "keyword": "def f(a):\n    logger.info(f'{a}', extra=None)",
    "value that is used": "def f(a):\n    x = logger.info(f'{a}')\n    return x",
    "value that is returned": "def f(a):\n    return logger.info(f'{a}')",
    "value that is given on": "def f(a):\n    note(logger.info(f'{a}'))",
    "method that is given on": "def f(a):\n    note(logger.info, a)",
    "other method": "def f(a):\n    logger.isEnabledFor(20)",
    "method that is not called": "def f(a):\n    logger.info",
    "logger of a logger": "def f(a):\n    logger.root.info(f'{a}')",
    "parameter": "def f(a, logger=logger):\n    logger.info(f'{a}')",
    "local": "def f(a):\n    logger = note\n    logger.info(f'{a}')",
    "no logger": "def f(a):\n    logging.info(f'{a}')",
    "local that may be unbound": "def f(a):\n    if not a:\n        x = a\n    logger.info(f'{x}')",
    "local of an empty loop": "def f(a):\n    for x in []:\n        pass\n    logger.info(f'{x}')",
    "local of a try": "def f(a):\n    try:\n        x = note(a)\n    except TypeError:\n        pass\n"
    "    logger.info(f'{x}')",
    "deleted local": "def f(a):\n    x = a\n    del x\n    logger.info(f'{x}')",
    "deleted parameter": "def f(a):\n    del a\n    logger.info(f'{a}')",
    "deleted by a handler": "def f(a, b=1):\n    try:\n        1 / 0\n    except ZeroDivisionError as b:\n"
    "        pass\n    logger.info(f'{b}')",
    "deleted and captured": "def f(a):\n    del a\n    logger.info(f'{a}')\n    return lambda: a",
    "captured before it is set": "def f(a):\n    def g():\n        logger.info(f'{x}')\n    g()\n    x = a",
    "local of what fails": "def f(a):\n    try:\n        x = note(a)\n        return x\n    except:\n"
    "        logger.info(f'{x}')",
    "very long": f"def f(a):\n    logger.info({', '.join([LONG] * 12)})",
    "hundreds of names": "def f(a):\n    logger.info\n"
    + "".join(f"    name{i}\n" for i in range(254))
    + "    loud.info(f'{a}')",
}


@pytest.mark.parametrize("source", STAYS.values(), ids=STAYS)
def test_what_may_have_an_effect_stays(source):
    namespace = load(source, note=lambda *rest: rest, logging=logging)
    before = namespace["f"].__code__
    assert tune(namespace, ["f"]) == 0
    assert namespace["f"].__code__ is before


LOGGERS = {
    "on": get_logger(logging.INFO),
    "off at debug": get_logger(logging.DEBUG),
    "loud": get_logger(kind=Loud),
    "with a method of its own": get_logger(),
    "adapter": logging.LoggerAdapter(get_logger(), {}),
    "none": None,
}
LOGGERS["with a method of its own"].info = lambda text: None


@pytest.mark.parametrize("logger", LOGGERS.values(), ids=LOGGERS)
def test_logger_that_may_be_heard_stays(logger):
    namespace = load("def f(a):\n    logger.info(f'{a}')", logger=logger)
    assert tune_all(namespace) == 0


@pytest.mark.parametrize(
    ("name", "version"), [("cpython", (3, 14, 0)), ("pypy", (3, 11, 0))], ids=["Python 3.14", "PyPy"]
)
def test_other_bytecode_stays(name, version, monkeypatch):
    python = SimpleNamespace(implementation=SimpleNamespace(name=name), version_info=version)
    monkeypatch.setattr("batt_utils.tune.sys", python)
    assert tune_all(load("def f(a):\n    logger.info(f'{a}')")) == 0


def test_levels_are_apart():
    source = "def f(a):\n    logger.info(f'{a}')\n    logger.debug(f'{a}')"
    namespace = load(source, logger=get_logger(logging.INFO))
    assert tune_all(namespace) == 1
    assert count_writing(namespace["f"]) == 1


def test_level_of_a_parent_counts():
    parent = logging.getLogger("a_host_that_is_heard")
    child = logging.getLogger("a_host_that_is_heard.dsl")
    source = "def f(a):\n    logger.info(f'{a}')"
    parent.setLevel(logging.INFO)
    assert tune_all(load(source, logger=child)) == 0
    parent.setLevel(logging.ERROR)
    assert tune_all(load(source, logger=child)) == 1


def test_only_what_is_wanted_is_tuned():
    log = "    logger.info(f'{a}')\n"
    namespace = load(f"def f(a):\n{log}    return g(a)\ndef g(a):\n{log}def h(a):\n{log}")
    assert tune(namespace, ["f", "nowhere", "__name__"]) == 2
    assert [count_writing(namespace[name]) for name in "fgh"] == [0, 0, 1]
    assert tune(namespace, ["f", "g", "h"]) == 1
    assert tune(namespace, ["f", "g", "h"]) == 0


def test_function_itself_stays():
    source = (
        "def make(unit: 'Grid'):\n"
        "    def f(a: 'Grid', b: 'Any' = 2, *, c=3) -> 'Objects':\n"
        "        '''What it does.'''\n"
        "        logger.info(f'f: {a = }, {b = }')\n"
        "        return a[unit]\n"
        "    return f\n"
        "f = make(0)\n"
    )
    namespace, plain = load(source), load(source)["f"]
    function = namespace["f"]
    function.mark = 1
    assert tune(namespace, ["f"]) == 1
    assert namespace["f"] is function
    for name in ("__name__", "__qualname__", "__doc__", "__module__", "__annotations__", "__defaults__"):
        assert getattr(function, name) == getattr(plain, name)
    for name in (
        *("co_argcount", "co_kwonlyargcount", "co_varnames", "co_freevars", "co_cellvars", "co_flags"),
        *("co_name", "co_filename", "co_firstlineno", "co_stacksize", "co_names", "co_consts"),
    ):
        assert getattr(function.__code__, name) == getattr(plain.__code__, name)
    assert list(function.__code__.co_lines()) == list(plain.__code__.co_lines())
    assert function.__kwdefaults__ == {"c": 3} and function.__dict__ == {"mark": 1}
    assert inspect.signature(function) == inspect.signature(plain)
    assert function([7]) == 7
    with pytest.raises(TypeError) as error:
        function(5)
    assert traceback.extract_tb(error.value.__traceback__)[-1].lineno == 5


# Any program


VARIABLES = ("a", "b", "x", "y")
GIVEN = ("f'{%s}'", "f'v: {%s = }'", "f'{%s!s}'", "'%%s', %s", "f'{%s:>4}'", "f'{note(%s)}'", "f'{-%s}'")
variables = st.sampled_from(VARIABLES)
log_lines = st.builds(
    lambda method, given, name: f"logger.{method}({given % name})",
    st.sampled_from(("info", "debug", "warning")),
    st.sampled_from(GIVEN),
    variables,
)
simple = st.one_of(
    log_lines,
    log_lines,
    st.builds("{} = note({})".format, variables, variables),
    st.builds("{} = {}".format, variables, st.one_of(variables, st.integers(0, 3).map(str))),
    st.builds("del {}".format, variables),
    st.builds("return {}".format, variables),
    st.builds("raise ValueError({})".format, variables),
    st.builds("keep(lambda: {})".format, variables),
)


def indent(block):
    return "\n".join(f"    {line}" for statement in block for line in statement.split("\n"))


@st.composite
def compounds(draw, inner):
    form = draw(
        st.sampled_from(
            (
                "if {name}:\n{one}",
                "if {name}:\n{one}\nelse:\n{two}",
                "for {name} in range(2):\n{one}",
                "for {name} in range(3):\n{one}\n    if {name} == 1:\n        break\nelse:\n{two}",
                "try:\n{one}\nexcept Exception as {name}:\n{two}",
                "try:\n{one}\nfinally:\n{two}",
                "with suppress(Exception):\n{one}",
                "def g():\n{one}\ng()",
                "def g({name}):\n{one}\nkeep(g)\ng(1)",
            )
        )
    )
    blocks = st.lists(inner, min_size=1, max_size=4).map(indent)
    return form.format(name=draw(variables), one=draw(blocks), two=draw(blocks))


statements = st.recursive(simple, compounds, max_leaves=12)


def run_program(source, arguments, tuned):
    """What a program gives or raises, and what it noted on the way."""
    notes = []

    def note(value):
        notes.append(type(value).__name__ if callable(value) else str(value))
        return value

    namespace = load(source, note=note, keep=lambda value: None, suppress=suppress)
    if tuned:
        tune(namespace, ["f"])
    try:
        result = namespace["f"](*arguments)
    except Exception as error:
        result = error
        notes.append(traceback.extract_tb(error.__traceback__)[-1].lineno)
    return type(result), str(result), notes


@settings(max_examples=400)
@given(
    st.lists(statements, min_size=1, max_size=6), st.tuples(st.integers(0, 1), st.sampled_from(((), 5, "t")))
)
def test_any_program_does_the_same(block, arguments):
    source = f"def f(a, b):\n{indent(block)}\n    return note(a)\n"
    assert run_program(source, arguments, True) == run_program(source, arguments, False)


# Defaults


SAFE = """
def _get_safe_default(function):
    asked.append(function.__name__)
    return defaults[typing.get_type_hints(function)['return']]()

def make_safe(function):
    @wraps(function)
    def safe(*arguments):
        try:
            return function(*arguments)
        except Exception:
            return _get_safe_default(function)
    return safe
"""


def load_safe(*types):
    """The namespaces of a module with defaults, and of a DSL with functions of result types."""
    kinds = {int: int, tuple: tuple, frozenset: frozenset, list: list, typing.Callable: lambda: lambda x: x}
    home = load(SAFE, asked=[], defaults=kinds, typing=typing, wraps=functools.wraps)
    source = "".join(
        f"@make_safe\ndef f{i}(a) -> {kind!r}:\n    return 1 / a\n" for i, kind in enumerate(types)
    )
    imported = {name: home[name] for name in ("_get_safe_default", "make_safe")}
    return home, load(source, Callable=typing.Callable, **imported)


def test_default_is_remembered_for_each_function():
    home, dsl = load_safe("int", "tuple", "frozenset", "int")
    tune_all(dsl)
    for _ in range(5):
        assert [dsl[f"f{i}"](0) for i in range(4)] == [0, (), frozenset(), 0]
    assert home["asked"] == ["f0", "f1", "f2", "f3"]
    assert dsl["f0"](2) == 0.5


def test_default_is_remembered_for_a_batt():
    home, dsl = load_safe("tuple")
    names = dict(dsl)
    tune(names, ["f0"])
    for find in (names["_get_safe_default"], dsl["_get_safe_default"], home["_get_safe_default"]):
        assert find.__name__ == "_get_safe_default"
        assert [find(dsl["f0"]) for _ in range(3)] == [()] * 3
    assert home["asked"] == ["f0"]


def test_default_that_is_one_object_is_remembered():
    home, dsl = load_safe("str")
    home["defaults"][str] = lambda: home
    tune_all(dsl)
    assert all(dsl["f0"](0) is home for _ in range(5))
    assert home["asked"] == ["f0"] * 2


@pytest.mark.parametrize("kind", ["list", "Callable"])
def test_default_that_is_new_each_time_stays_so(kind):
    home, dsl = load_safe(kind)
    tune_all(dsl)
    values = [dsl["f0"](0) for _ in range(4)]
    assert len({id(value) for value in values}) == 4
    assert len(home["asked"]) == 4


def test_default_of_what_is_no_function_or_fails_is_asked_for():
    home, dsl = load_safe("tuple", "str")
    tune_all(dsl)
    for _ in range(3):
        with pytest.raises(AttributeError):
            dsl["_get_safe_default"](5)
        with pytest.raises(KeyError):
            dsl["f1"](0)
        with pytest.raises(TypeError):
            dsl["_get_safe_default"]()
    assert home["asked"] == ["f1"] * 3


def test_default_is_not_kept_longer_than_its_function():
    home, dsl = load_safe("tuple")
    tune_all(dsl)
    names = []
    for _ in range(3):
        function = home["make_safe"](load("def f(a) -> 'tuple':\n    return 1 / a")["f"])
        names.append(id(function))
        assert function(0) == ()
        del function
    assert len(home["asked"]) == 3


@pytest.mark.parametrize("names", [{}, {"_get_safe_default": None}, {"_get_safe_default": len}])
def test_without_default_nothing_is_done(names):
    before = dict(names)
    tune_default(names, [])
    assert names == before


# A host


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    folder = tmp_path_factory.mktemp("host") / "checkout"
    make_host(folder, solvers=200)
    return folder


@pytest.fixture
def load_dsl(host, monkeypatch, capsys):
    """Imports the host's DSL, each time anew; gives its names."""
    monkeypatch.chdir(host)
    monkeypatch.syspath_prepend(host)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)

    def forget():
        for path in host.glob("*.py"):
            if path.stem != "run_batt":
                sys.modules.pop(path.stem, None)

    def load_names():
        forget()
        modules = map(importlib.import_module, ("safe_dsl", "constants", "dsl"))
        return {name: value for module in modules for name, value in vars(module).items()}

    yield load_names
    forget()


def make_plain(value):
    """A value that equals that of another import of the DSL."""
    if isinstance(value, tuple):
        return tuple(map(make_plain, value))
    if isinstance(value, frozenset):
        return frozenset(map(make_plain, value))
    return value.__qualname__ if callable(value) else value


def run_all(names, host):
    """The value of every call of the host's batt, on each sample, with each C."""
    source = (host / f"{NAME}.py").read_text().replace("    return o, s\n", "    return locals()\n")
    batch = "def batch_process_samples_gpu(S):\n    a, b = apply(first, S), apply(second, S)\n"
    batch += "    return a, b, mapply(p_g, a), mapply(p_g, b)\n"
    exec(batch + source[source.index("def batt") :], names)
    data = get_data(task_id=TASK)
    samples = [sample for part in data.values() for sample in part[TASK]]
    pairs = tuple((sample["input"], sample["output"]) for sample in samples)
    return [
        {name: make_plain(value) for name, value in values.items() if name[0] == "t"}
        for grid, target in [*pairs, (pairs[0][0], None)]
        for values in [names["batt"](TASK, pairs, grid, target, "")]
    ]


def test_host_gives_the_same_values(load_dsl, host):
    plain = run_all(load_dsl(), host)
    names = load_dsl()
    wanted = {item for call in load_batt(NAME).calls.values() for item in (call.function, *call.arguments)}
    assert tune(names, wanted) > 100
    vars(sys.modules["dsl"])["logger"] = None  # a log line that is left would give a default
    tuned = run_all(names, host)
    assert [values.keys() for values in tuned] == [values.keys() for values in plain]
    assert tuned == plain
    assert len(plain) == 7 and len(plain[0]) > 3000


def test_host_has_no_log_line_left(load_dsl):
    names = load_dsl()
    assert tune_all(names) > 300
    functions = [value for value in names.values() if hasattr(value, "_original_argcount")]
    assert len(functions) == FUNCTIONS
    for function in functions:
        value = Written()
        function(*[value] * function._original_argcount)
        assert value.times == 0, function.__name__
    assert tune_all(names) == 0
