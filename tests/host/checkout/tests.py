"""Tests of this folder's DSL: python -m unittest tests."""

import unittest

from dsl import first, p_g, rbind, second, subtract


class TestDsl(unittest.TestCase):
    def test_items(self):
        self.assertEqual((first((3, 4)), second((3, 4))), (3, 4))

    def test_failing_calls_give_an_empty_value(self):
        self.assertEqual(second(5), ())

    def test_binding(self):
        self.assertEqual(rbind(subtract, 2)(7), 5)

    def test_palette(self):
        self.assertEqual(p_g(((2, 1), (1, 2))), (1, 2))
