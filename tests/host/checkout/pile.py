"""All names at once, for the batts."""

# ruff: noqa: F401, F403

import asyncio
import concurrent.futures
import ctypes
import http.client
import multiprocessing.pool
import unittest.mock
import xml.etree.ElementTree

from constants import *
from differs import *
from dsl import *
from utils import *
