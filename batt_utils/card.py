"""Writes a batt module and its call table from solver programs: `python -m batt_utils.card`.

A program is a function of straight-line calls. It is read from its text and never executed:

    def solve_TASK(S, I, C):            (also (I), (S, I); the name may be `solve` alone)
        x1 = objects(I, T, F, T)        (calls may be nested; a constant is a name, an integer or a bool)
        O = first(x1)
        return O

The batt runs many of them at once; of equal calls it makes one. Programs come from `solver_dir/` of
the current folder, where run_batt stores those that score, and from the embedded `arc/solvers.py`;
or from a file of one's own. Each is taken once as it is. If more are asked for, they are repeated in
turn, and in a repeat each item of a call is replaced by one of its kind with a chance of 0.1.
"""

import argparse
import ast
import errno
import os
import random
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import md5
from itertools import chain, count, cycle, islice
from pathlib import Path
from typing import NamedTuple

from batt_utils.batt.expand import expand
from batt_utils.batt.program import INPUTS, VARIABLE, Call, Calls, find_needed, make_call
from batt_utils.console import UserError
from batt_utils.rules import MOST_POINTS, NEWEST, RULES, SEED, Rules, count_right, find_checkout
from batt_utils.shell import Parser, run_tool
from batt_utils.signals import held
from batt_utils.store.links import Store, find_file, read_links

ARC = Path(__file__).with_name("arc")
SOLVERS = ARC / "solvers.py"
DIFFERS = ARC / "differs.py"
PICKING = {"color", "extract", "first", "other"}  # raise what no guard names where there is none

HEAD = """\
from batt_utils.arc.constants import *
from batt_utils.arc.dsl import *
from batt_utils.arc.dsl import _get_safe_default


def batt(task_id, S, I, C, log_path):
    s = []
    o = []
"""
RECORDS = """\
from collections import namedtuple
HintValue = namedtuple('HintValue', ['hint', 'value'])
"""
GUARDED = """\
    try:
        t{number} = {call}
    except (TypeError, AttributeError, ValueError, IndexError, KeyError):
        t{number} = _get_safe_default({call.function})
"""


class Routine(NamedTuple):
    """A solver's or differ's program: its calls, numbered from 1, and the number of its result."""

    name: str
    calls: Calls
    result: int
    evolved: bool = False

    @property
    def text(self) -> str:
        """Give what it is known by: the same text for all programs of the same calls."""
        return expand(self.calls, "solve", self.result)


class Vocabulary(NamedTuple):
    """What a program may name: functions with (number of parameters, result type), constants."""

    functions: dict[str, tuple[int, object]]
    constants: dict[str, object]


@cache
def vocabulary() -> Vocabulary:
    """Give the names of the embedded DSL."""
    from inspect import isfunction, signature

    from batt_utils.arc import constants, dsl

    signatures = {
        name: signature(value)
        for name, value in sorted(vars(dsl).items())
        if isfunction(value) and value.__module__ == dsl.__name__ and not name.startswith("_")
    }
    return Vocabulary(
        {name: (len(of.parameters), of.return_annotation) for name, of in signatures.items()},
        {name: value for name, value in sorted(vars(constants).items()) if name.isupper()},
    )


# Reading


def read_programs(path: Path, prefix: str = "solve") -> list[Routine]:
    """Read every program of a file whose function's name starts with `prefix`.

    One of another form or with an unknown name is left out, with a line on stderr.

    Raises:
        OSError: the file cannot be read.
        UserError: it is no Python, or holds no program that fits. The message names file, line and
            function.
    """
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        raise UserError(f"{path}:{error.lineno or 1}: no Python source: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise UserError(f"{path}: no Python source: NUL bytes or too much nesting") from None
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith(prefix)
    ]
    if not functions:
        raise UserError(f"{path}: no program: write one as `def {prefix}_NAME(S, I, C):`")
    routines = []
    misfits = []
    for function in functions:
        try:
            routines.append(_read_program(function, path))
        except UserError as error:
            misfits.append(error)
    if not routines:
        raise misfits[0]
    for misfit in misfits:
        print(f"skipped: {misfit}", file=sys.stderr)
    return routines


class _Reader:
    """Reads a program, line by line, as calls.

    Attributes:
        calls: those that were read.
    """

    def __init__(self, function: ast.FunctionDef, path: Path) -> None:
        """Take the program, and the file that it is in."""
        self.calls: Calls = {}
        self._function = function
        self._path = path
        self._words = vocabulary()
        # what stands for each variable
        self._names = {parameter.arg: parameter.arg for parameter in function.args.args}

    def complain(self, node: ast.AST, problem: str) -> UserError:
        """Make the error of a node that does not fit."""
        line = getattr(node, "lineno", self._function.lineno)
        return UserError(f"{self._path}:{line}: {self._function.name}: {problem}")

    def read_line(self, line: ast.stmt) -> None:
        """Read an assignment."""
        match line:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                self._names[name] = self.read(value)
            case _:
                raise self.complain(line, "write the line as `x1 = func(arg, ...)`")

    def read(self, node: ast.expr) -> str:
        """Read an expression; give what stands for it."""
        match node:
            case ast.Name(id=name):
                if name in self._names:
                    return self._names[name]
                if name in self._words.functions or name in self._words.constants:
                    return name
                raise self.complain(node, f"{name} is no variable and no name of the DSL")
            case ast.Constant(value=int(value)):  # bools are ints
                return str(value)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
                return str(-value)
            case ast.Call(func=func, args=args, keywords=[]):
                call = make_call(*map(self.read, (func, *args)))
                if not VARIABLE(call.function) and call.function not in self._words.functions:
                    raise self.complain(node, f"{call.function} is no function")
                self.calls[len(self.calls) + 1] = call
                return f"t{len(self.calls)}"
        raise self.complain(node, "write calls with plain names, integers, True and False only")


def _read_program(function: ast.FunctionDef, path: Path) -> Routine:
    reader = _Reader(function, path)
    *lines, last = function.body
    if ast.get_docstring(function) is not None:
        lines = lines[1:]
    parameters = tuple(parameter.arg for parameter in function.args.args)
    if parameters not in (("I",), ("S", "I"), ("S", "I", "C")) or function.decorator_list:
        raise reader.complain(function, "write its head as `def NAME(S, I, C):`")
    try:
        for line in lines:
            reader.read_line(line)
        match last:
            case ast.Return(value=ast.expr() as value) if VARIABLE(result := reader.read(value)):
                return Routine(function.name, reader.calls, int(result[1:]))
    except RecursionError:
        raise reader.complain(function, "its calls are nested too deeply: write them line by line") from None
    raise reader.complain(last, "end it with `return O`, O being the value of a call")


def read_solvers(path: Path, prefix: str = "solve") -> list[Routine]:
    """Read the programs of a file as solvers: what is called `PREFIX_TASK` there is `solve_TASK`."""
    return [
        routine._replace(name=f"solve{routine.name.removeprefix(prefix)}")
        for routine in read_programs(path, prefix)
    ]


def own_solvers() -> list[Routine]:
    """Read the embedded solvers."""
    return read_programs(SOLVERS)


def own_differs() -> list[Routine]:
    """Read the embedded differs."""
    return read_programs(DIFFERS, "differ")


def stored_solvers(folders: Iterable[Path]) -> Iterator[Routine]:
    """Read the solvers with a score that are stored in folders `solver_dir/solve_TASK`, the best first.

    A score is a number of right outputs or, by the newest rules, the points for them.

    One that is not in the form or has other names is skipped, with a line on stderr.
    """
    found = sorted(
        (-count_right(link.score), -link.t_log, folder, link)
        for folder in folders
        for link in read_links(folder)
        if link.score > 0
    )
    for *_, folder, link in found:
        try:
            routines = read_programs(find_file(folder, link))
        except (OSError, UserError) as error:
            print(f"skipped: {error}", file=sys.stderr)
        else:
            yield from (routine._replace(name=folder.name) for routine in routines)


def in_order(folders: Iterable[Path], own: list[Routine], task_id: str | None) -> Iterator[Routine]:
    """Give the solvers stored in `folders`, then `own`; but before all others those of the task."""
    first = f"solve_{task_id}"
    folders = set(folders)
    task_folders = {folder for folder in folders if folder.name == first}
    yield from stored_solvers(task_folders)
    yield from (solver for solver in own if solver.name == first)
    yield from stored_solvers(folders - task_folders)
    yield from (solver for solver in own if solver.name != first)


def unique(routines: Iterable[Routine]) -> Iterator[Routine]:
    """Pass on the first of those that are the same program."""
    seen: set[str] = set()
    for routine in routines:
        if routine.text not in seen:
            seen.add(routine.text)
            yield routine


# Mutating


def mutate(routine: Routine, rate: float, rng: random.Random) -> Routine:
    """Replace each name, variable and number of a program's calls with a chance of `rate`.

    What comes instead is of the same kind: a constant or integer for one of the same type, a
    function for one with as many parameters (and the same result type, if there is one), a variable
    for I or the value of an earlier call. So every variable is still defined before its use.
    """
    calls: Calls = {}
    for t, call in routine.calls.items():
        items = list(call.items)
        for place, item in enumerate(items):
            if rng.random() < rate and (choices := _alternatives(item, calls, called=place == 0)):
                items[place] = rng.choice(choices)
        calls[t] = make_call(*items)
    mutated = routine._replace(calls=calls)
    return mutated._replace(evolved=mutated.text != routine.text)


def _alternatives(item: str, earlier: Calls, called: bool) -> list[str]:
    """List what may stand in place of an item, which is either called or an argument."""
    functions, constants = vocabulary()
    if VARIABLE(item) or item in INPUTS:
        found = [f"t{t}" for t in earlier] if called else ["I", *(f"t{t}" for t in earlier)]
    elif item in functions:
        arity = functions[item][0]
        same_arity = [name for name, kind in functions.items() if kind[0] == arity]
        same_kind = [name for name in same_arity if functions[name] == functions[item]]
        found = same_kind if len(same_kind) > 1 else same_arity
    else:
        kind = type(constants[item] if item in constants else ast.literal_eval(item))
        found = [name for name, value in constants.items() if type(value) is kind]
    return [name for name in found if name != item]


def vary(routines: Sequence[Routine], number: int, rate: float, rng: random.Random) -> list[Routine]:
    """Take `number` programs: the given ones as they are, then mutated ones, in turn."""
    repeats = (mutate(routine, rate, rng) for routine in cycle(routines))
    return list(islice(chain(routines, repeats), number))


# Writing


class _Table:
    """The calls of a batt, each of them once, and the lines that make them."""

    def __init__(self) -> None:
        self.numbers: dict[Call, int] = {}
        self.lines: list[str] = []

    def add(self, routine: Routine, grid: str) -> int:
        """Add a program with `grid` in place of I; return the number of its result."""
        names = {"I": grid}
        for t in find_needed(routine.calls, [routine.result]):
            call = routine.calls[t]
            call = make_call(*[names.get(item, item) for item in call.items])
            if call not in self.numbers:
                self.numbers[call] = len(self.numbers) + 1
                self.lines.append(GUARDED.format(number=self.numbers[call], call=call))
            names[f"t{t}"] = f"t{self.numbers[call]}"
        return self.numbers[call]


def give_points(differ: Routine) -> Routine:
    """Make a differ give points and a size: 1000 points for the size 0, and 100 less for each unit."""
    calls = dict(differ.calls)
    result = differ.result
    for number, call in enumerate(
        (
            make_call("first", f"t{result}"),
            make_call("multiply", f"t{len(calls) + 1}", "-100"),
            make_call("add", f"t{len(calls) + 2}", str(MOST_POINTS)),
            make_call("astuple", f"t{len(calls) + 3}", f"t{len(calls) + 1}"),
        ),
        len(calls) + 1,
    ):
        calls[number] = call
    return differ._replace(calls=calls, result=len(calls))


def write_batt(
    path: Path, solvers: Iterable[Routine], differs: Sequence[Routine], rules: Rules = SEED
) -> int:
    """Write the batt module `path` and its call table, `NAME_call.py` beside it.

    The differs measure the input first, then what each solver gives. Both files are written beside
    their places and then renamed, the module last. By the newest rules the table holds records, and the
    differs give points.

    Returns:
        The number of calls.

    Raises:
        OSError: a file cannot be written.
        UserError: `path` cannot be imported as a module.
    """
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise UserError(f"{path} is no name for a module: use letters, digits and _")
    table = _Table()
    if rules is NEWEST:
        differs = [*map(give_points, differs)]

    def measure(owner: str, grid: str) -> None:
        for differ in differs:
            t = table.add(differ, grid)
            table.lines.append(f"    s.append(({t}, '{owner}', '{differ.name}', t{t}))\n")

    measure("None", "I")
    taken: set[str] = set()
    for solver in solvers:
        solver_id = next(name for name in _names(solver) if name not in taken)
        taken.add(solver_id)
        table.lines.append(f"    # {solver.name}\n")
        t = table.add(solver, "I")
        table.lines.append(f"    o.append(({t}, {solver.evolved}, '{solver_id}', t{t}))\n")
        measure(solver_id, f"t{t}")
    _write(
        {
            path.with_stem(f"{path.stem}_call"): _write_table(table.numbers, rules),
            path: f"{HEAD}{''.join(table.lines)}    return o, s\n",
        }
    )
    return len(table.numbers)


def _write_table(numbers: Mapping[Call, int], rules: Rules) -> str:
    """Write the call table: of texts, or of records without a hint."""
    if rules is NEWEST:
        records = [f"{number}: HintValue(hint=None, value={call.items})" for call, number in numbers.items()]
        return f"{RECORDS}t_call = {{{', '.join(records)}}}\n"
    entries = [f"    {number}: '{', '.join(call.items)}',\n" for call, number in numbers.items()]
    return f"t_call = {{\n{''.join(entries)}}}\n"


def _names(routine: Routine) -> Iterator[str]:
    """Give eight hex digits from a program's text, then others for when they are taken."""
    return (md5(f"{routine.text}{salt}".encode()).hexdigest()[:8] for salt in count())


def _write(texts: Mapping[Path, str]) -> None:
    """Write all files or none: each under a hidden name first, then all are renamed, in order."""
    hidden = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in texts}
    try:
        for path, text in texts.items():
            if path.is_dir():
                raise IsADirectoryError(errno.EISDIR, "a folder has this name")
            hidden[path].write_bytes(text.encode())
        with held():
            for path in texts:
                hidden[path].replace(path)
    except OSError as error:
        raise OSError(f"{path} cannot be written ({error.strerror}): choose another FILE") from None
    finally:
        for temporary in hidden.values():
            with suppress(OSError):
                temporary.unlink()


def _list_items(calls: Calls) -> list[str]:
    """List the functions and arguments of calls."""
    return [item for call in calls.values() for item in (call.function, *call.arguments)]


def demo(folder: Path, name: str) -> Path:
    """Write the batt that shows run_batt at work as `name` in `folder`, the same at each call.

    It holds 32 embedded solvers as they are, first that of task 007bbfb7. None of them picks an item of what
    may be empty, so all have an output on every sample. It has the form that the checkout here reads.

    Returns:
        The module's path; its call table is beside it.
    """
    path = folder / f"{name}.py"
    solvers = sorted(own_solvers(), key=lambda solver: solver.name != "solve_007bbfb7")
    sure = [solver for solver in unique(solvers) if PICKING.isdisjoint(_list_items(solver.calls))]
    write_batt(path, sure[:32], own_differs(), find_checkout() or SEED)
    return path


# The command


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = Parser(
        prog="python -m batt_utils.card",
        description="Writes a batt module and its call table from solver programs: those stored "
        "in ./solver_dir, the best first, then the embedded ones.",
    )
    add = parser.add_argument
    add("-c", "--count", type=int, default=32, metavar="COUNT",
        help="how many solvers; more than there are: they are repeated, mutated (default: 32)")  # fmt: skip
    add("-i", "--task_id", metavar="TASK", help="take the solvers of this task first")
    add("-f", "--file", default="batt", metavar="FILE",
        help="the module; its call table is FILE_call.py (default: batt)")  # fmt: skip
    add("--form", choices=RULES,
        help="whose batts it is like: the table of the seed's holds texts, that of the newest revision's "
        "records (default: as the checkout here reads, else seed)")  # fmt: skip
    add("-fs", "--freeze_solvers", action="store_true", help="repeat solvers without mutating them")
    add("-fd", "--freeze_differs", action="store_true",
        help="use the embedded differs only; else a batt that repeats solvers has one mutated, "
        "too")  # fmt: skip
    add("--seed", type=int, metavar="N", help="the same N mutates the same way (default: random)")
    add("--solvers", type=Path, metavar="FILE", help="take the solvers of this file only")
    add("--prefix", metavar="PREFIX", help="how their names start, before _TASK (default: solve)")
    add("--mutation", type=float, default=0.1, metavar="RATE",
        help="how likely each item of a repeat is replaced, 0 to 1 (default: 0.1)")  # fmt: skip
    arguments = parser.parse_args(argv)
    if arguments.prefix and not arguments.solvers:
        raise UserError("--prefix is for the programs of a file: name it with --solvers")
    if arguments.count < 1:
        raise UserError(f"--count is {arguments.count}: give at least 1")
    if not 0 <= arguments.mutation <= 1:
        raise UserError(f"--mutation is {arguments.mutation}: give 0 to 1")
    return arguments


def _generate(arguments: argparse.Namespace) -> str:
    """Write the batt asked for; return a line about it."""
    rate = arguments.mutation
    prefix = (arguments.prefix or "solve").removesuffix("_")
    own = read_solvers(arguments.solvers or SOLVERS, prefix)
    store = Store(".")
    task_ids = [] if arguments.solvers else store.list_tasks()
    folders = [store.solver_folder(task_id).relative_to(store.out) for task_id in task_ids]
    pool = list(islice(unique(in_order(folders, own, arguments.task_id)), arguments.count))
    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed
    rng = random.Random(seed)
    solvers = vary(pool, arguments.count, 0 if arguments.freeze_solvers else rate, rng)
    differs = own_differs()
    if len(solvers) > len(pool) and not arguments.freeze_differs:
        differ = mutate(rng.choice(differs), rate, rng)
        if differ.evolved:
            differs.append(differ._replace(name=f"{differ.name}_{next(_names(differ))}"))
    path = Path(arguments.file.removesuffix(".py") + ".py")
    rules = RULES[arguments.form] if arguments.form else find_checkout() or SEED
    calls = write_batt(path, solvers, differs, rules)
    evolved = sum(solver.evolved for solver in solvers)
    return f"{path}: {len(solvers)} solvers, {evolved} of them mutated, {calls} calls, seed {seed}"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 for what the user can put right."""
    return run_tool("card", lambda: _generate(_parse(argv)))


if __name__ == "__main__":
    sys.exit(main())
