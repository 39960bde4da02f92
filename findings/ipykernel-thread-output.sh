#!/bin/sh
# ipykernel 7.4.0 with jupyter-client 8.10.0 (Python, on PyPI).
#
# What a thread prints after the cell that started it has ended is sent as the output of whichever cell began last, though the thread knows
# nothing of that one; a task of asyncio that was started in the same cell keeps its own. A client that shows outputs by their parent, as
# all do, puts the thread's line under a stranger's cell, and shows the task's line under the right one.
#
# Seen on 2026-12-01:
#   a thread started in the first cell, printing while the second runs: under the second
#   a task started in the first cell, printing while the second runs: under the first
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check ipykernel==7.4.0 jupyter-client==8.10.0
export JUPYTER_DATA_DIR="$work/data" JUPYTER_RUNTIME_DIR="$work/run" IPYTHONDIR="$work/ipython"
"$work/venv/bin/python" - > "$work/seen" <<'PYTHON'
from jupyter_client.manager import start_new_kernel

THREAD = """
import threading
go = threading.Event()
threading.Thread(target=lambda: (go.wait(), print('late'))).start()
"""
TASK = """
import asyncio
wanted = asyncio.Event()
async def say():
    await wanted.wait()
    print('late')
task = asyncio.ensure_future(say())
"""

manager, client = start_new_kernel()
try:
    def under(first, second):
        """Which of the two cells the line comes under."""
        ids = []
        for code in (first, second):
            ids.append(client.execute(code))
            while True:
                message = client.get_iopub_msg(timeout=60)
                parent, content = message["parent_header"].get("msg_id"), message["content"]
                if message["msg_type"] == "stream" and "late" in content["text"]:
                    return ("first", "second")[ids.index(parent)]
                if parent == ids[-1] and content.get("execution_state") == "idle":
                    break
        return "neither"

    print("a thread started in the first cell, printing while the second runs: under the", under(THREAD, "go.set(); import time; time.sleep(1)"))
    print("a task started in the first cell, printing while the second runs: under the", under(TASK, "wanted.set(); await asyncio.sleep(1)"))
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
PYTHON
cat "$work/seen"
printf '%s\n' 'a thread started in the first cell, printing while the second runs: under the second' 'a task started in the first cell, printing while the second runs: under the first' | cmp - "$work/seen"
