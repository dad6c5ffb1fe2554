"""What `check_batt` returns: a tuple that may also be awaited."""

import asyncio

import pytest

from batt_utils.checked import Checked

PARTS = ([(1, False, "a", ((1,),))], "o_score", "s_score")


def test_it_is_a_tuple():
    all_o, o_score, s_score = Checked(PARTS)
    assert (all_o, o_score, s_score) == PARTS


async def wait_for(checked):
    return await checked


async def gather(checked):
    return (await asyncio.gather(checked))[0]


@pytest.mark.parametrize("wait", [wait_for, gather, asyncio.wait_for], ids=["await", "gather", "wait_for"])
def test_it_may_be_awaited(wait):
    arguments = (1,) if wait is asyncio.wait_for else ()

    async def main():
        return await wait(Checked(PARTS), *arguments)

    assert asyncio.run(main()) == PARTS


def test_it_may_be_run_alone():
    assert asyncio.run(Checked(PARTS)) == PARTS
