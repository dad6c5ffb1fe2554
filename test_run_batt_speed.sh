#!/usr/bin/env bash
# Runs one batt on one task the old way and the new way, in turn, and prints both timing summaries and the
# speed-up.
#
#     ./test_run_batt_speed.sh [SOLVERS] [TASK]
#
# SOLVERS is the number of solvers in the batt (default 32), TASK an ARC task (default 007bbfb7).
set -euo pipefail

solvers=${1:-32}
task=${2:-007bbfb7}
here=$(cd "$(dirname "$0")" && pwd)
python=$(command -v python || command -v python3)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export PYTHONPATH="$here${PYTHONPATH:+:$PYTHONPATH}"

"$python" -m batt_utils.card -c "$solvers" -i "$task" -f tmp_batt_onerun_run --seed 0
for flow in old new; do
    program=$here/run_batt.py
    [ "$flow" = old ] && program=$here/tests/oracle/old_flow.py
    mkdir "$flow"
    "$python" "$program" --timing -i "$task" -b tmp_batt_onerun_run -t 60 --out "$flow" >"$flow.log"
    echo
    echo "== $flow =="
    grep -E 'Timing summary|main\.run_batt|run_batt\.check_batt|phase[1-4]|inline_variables|Filtered to' "$flow.log"
done

seconds() { awk '$1 == "main.run_batt" { print $2 }' "$1.log"; }
echo
awk -v old="$(seconds old)" -v new="$(seconds new)" -v solvers="$solvers" -v task="$task" \
    'BEGIN { printf "%s solvers, task %s: %.3f s before, %.3f s now: %.0f times faster\n", solvers, task, old, new, old / new }'
