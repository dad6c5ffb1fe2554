from contextlib import nullcontext, suppress
from textwrap import indent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batt_utils.batt.prelude import parse, read_prelude
from forms import COMPUTES


def read(text):
    return read_prelude(parse(text))


@pytest.mark.parametrize(
    ("text", "imports"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param("from a import *", [("*", "from a import *")], id="all names"),
        pytest.param("from a import b", [("b", "from a import b")], id="a name"),
        pytest.param("from a import b as c", [("c", "from a import b as c")], id="another name"),
        pytest.param("from .a import b", [("b", "from .a import b")], id="of its own package"),
        pytest.param("from .. import b", [("b", "from .. import b")], id="a module of its own package"),
        pytest.param("import a", [("a", "import a")], id="a module"),
        pytest.param("import a.b", [("a", "import a.b")], id="a module of a package"),
        pytest.param("import a.b as c", [("c", "import a.b as c")], id="a module by another name"),
        pytest.param(
            "from a import (b,\n c)\nimport d, e as f\n",
            [("f", "import e as f"), ("d", "import d"), ("c", "from a import c"), ("b", "from a import b")],
            id="several: the last one counts first",
        ),
        pytest.param(
            "try:\n  from a import f\nexcept ImportError:\n  from b import f\n",
            [("f", "from a import f"), ("f", "from b import f")],
            id="that of a try counts before that of its except",
        ),
        pytest.param(
            "try:\n  pass\nfinally:\n  if x:\n    for y in z:\n      with w:\n        import a",
            [("a", "import a")],
            id="within other statements",
        ),
        pytest.param("def f():\n  import a\n", [], id="in a function"),
        pytest.param("class A:\n  import a\n", [], id="in a class"),
    ],
)
def test_the_imports_of_the_module_are_listed(text, imports):
    assert list(read(text).imports) == imports


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("import a\nfrom b import c, d as e\nfrom f import *", "", id="imports"),
        pytest.param("a", "", id="a use"),
        pytest.param("a = b = 1", "a b", id="assignment"),
        pytest.param("a, (b, *c) = d", "a b c", id="unpacking"),
        pytest.param("a.b = c[d] = 1", "", id="parts of something"),
        pytest.param("a: int = 1", "a", id="assignment with a type"),
        pytest.param("a += 1", "a", id="assignment of a sum"),
        pytest.param("del a", "a", id="deletion"),
        pytest.param("def a(b, *c, d=e, **f): g = 1", "a", id="function"),
        pytest.param("async def a(): b = 1", "a", id="async function"),
        pytest.param("class A(B): c = 1", "A", id="class"),
        pytest.param("lambda a: (b := a)", "", id="lambda"),
        pytest.param("def a(b=(c := 1)): pass", "a c", id="default of a parameter"),
        pytest.param("@(a := b)\nclass C(d := e): pass", "a C d", id="decorator and base"),
        pytest.param("print(a := 1, [b := c for _ in ()])", "a b _", id="assignment within an expression"),
        pytest.param("for a, b in c: pass\nelse: d = 1", "a b d", id="for"),
        pytest.param("with a as b, c as (d, e): pass", "b d e", id="with"),
        pytest.param("while a:\n  if b:\n    c = 1\n  else:\n    d = 1", "c d", id="nested"),
        pytest.param(
            "try:\n  a = 1\nexcept B as c:\n  d = 1\nelse:\n  e = 1\nfinally:\n  f = 1", "a c d e f", id="try"
        ),
        pytest.param(
            "match a:\n  case [b, *c]: d = 1\n  case {'x': e, **f}: pass\n  case A(g) as h: pass",
            "b c d e f g h",
            id="match",
        ),
        pytest.param("def a():\n  global b, c\n  b = c = d = 1", "a b c", id="global"),
        pytest.param("class A:\n  def a(self):\n    global b\n    b = 1", "A b", id="global of a method"),
        pytest.param("if __name__ == '__main__':\n  a = 1", "a", id="main"),
        pytest.param("try:\n  import a\nexcept ImportError:\n  a = None", "a", id="also imported"),
        pytest.param(COMPUTES, "optimizer has_gpu e cp batch_process_samples_gpu", id="12 Oct"),
    ],
)
def test_names_that_are_bound_otherwise_are_found(text, names):
    assert set(read(text).bound) == set(names.split())


def test_a_bound_name_has_the_first_line_that_binds_it():
    text = "a = 1\ntry:\n  b = 1\nexcept A:\n  c = b = 2\na = 3\n\ndef f():\n  global d\n"
    assert read(text).bound == {"a": 1, "b": 3, "c": 5, "f": 8, "d": 9}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("from dsl import *\n", 0, id="none"),
        pytest.param("x = 1\nimport cupy as cp\n", 2, id="CuPy"),
        pytest.param("from torch import cuda", 1, id="PyTorch"),
        pytest.param("import os, jax.numpy as jnp", 1, id="JAX"),
        pytest.param("import numpy\ntry:\n  pass\nexcept A:\n  import torch.cuda\nimport cupy", 5, id="two"),
        pytest.param("def f():\n  return lambda: 1\n\n  import jax", 4, id="in a function"),
        pytest.param("class A:\n  def f(self):\n    from cupy import array", 3, id="in a method"),
        pytest.param("import cupyx\nfrom .cupy import a\nfrom a import torch\nimport a.jax", 0, id="others"),
        pytest.param("cupy = 1\n'import cupy'  # import cupy", 0, id="no import"),
        pytest.param(COMPUTES, 7, id="12 Oct"),
    ],
)
def test_the_first_import_of_a_gpu_library_is_found(text, line):
    assert read(text).gpu_line == line


SIMPLE = (
    *("{0} = 1", "{0}, {1} = 1, 2", "{0}: int", "({0} := 1)", "lambda: [{0} for {0} in (1, 2)]"),
    *("def {0}({1}=({2} := 1)):\n    {3} = 1", "class {0}:\n    {1} = 1"),
    *("import os as {0}", "from os import path as {0}, sep as {1}", "import os.path", "from math import *"),
)
NESTED = (
    *("if {0} is None:\n{block}else:\n    {1} = 1", "for {0} in (1, 2):\n{block}"),
    *("with nullcontext() as {0}:\n{block}", "while True:\n{block}    break"),
    "try:\n{block}    raise KeyError\nexcept KeyError as {0}:\n    {1} = 1",
    "match (1, 2, 3), 4:\n  case ({0}, *{1}), {2}:\n{block}",
    "def {0}():\n    global {1}\n    {1} = 1\n{block}\n{0}()",
)


@st.composite
def preludes(draw, depth=2):
    """Statements that bind names in every way."""
    text = ""
    for form in draw(st.lists(st.sampled_from(SIMPLE + NESTED * (depth > 0)), min_size=1, max_size=3)):
        block = indent(draw(preludes(depth - 1)), "    ") if form in NESTED else ""
        text += form.format(*draw(st.permutations("abcd")), block=block) + "\n"
    return text


@given(preludes())
def test_what_running_a_prelude_binds_is_known(text):
    names = dict.fromkeys("abcd") | {"nullcontext": nullcontext}
    with suppress(Exception):  # such as a SyntaxError: all names of a module, in a function
        exec(text, names)
    try:
        prelude = read(text)
    except SyntaxError:
        return
    known = prelude.bound.keys() | {name for name, _ in prelude.imports}
    assert {name for name in "abcd" if names.get(name, 0) is not None} <= known
