"""The command without worker processes: all is evaluated in the parent (for price.py)."""

import sys
from pathlib import Path
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import run_batt
from batt_utils import workers
from batt_utils.serial import Serial

with patch.object(workers, "Workers", Serial):
    sys.exit(run_batt.cli())
