"""The command, and then the CPU seconds of its processes in a file (for many.py).

    python tests/benchmarks/usage.py ARGUMENT ... PATH FILE

gives the arguments to the revision of run_batt at PATH, and writes the seconds of this process with all its
threads, and of its children, as JSON.
"""

import json
import resource
import sys
from pathlib import Path

*arguments, root, report = sys.argv[1:]
sys.path[0] = root

import run_batt  # noqa: E402

status = run_batt.cli(arguments)
used = {"parent": resource.RUSAGE_SELF, "children": resource.RUSAGE_CHILDREN}
usages = {name: resource.getrusage(who) for name, who in used.items()}
Path(report).write_text(json.dumps({name: usage.ru_utime + usage.ru_stime for name, usage in usages.items()}))
sys.exit(status)
