"""All names at once, for the batts."""

# ruff: noqa: F401, F403

import asyncio
import concurrent.futures
import ctypes
import doctest
import http.server
import imaplib
import logging.config
import multiprocessing.pool
import pydoc
import smtplib
import unittest.mock
import urllib.request
import xml.etree.ElementTree
import xmlrpc.client
import zipfile

from constants import *
from differs import *
from dsl import *
from utils import *

print("pile: loaded")
