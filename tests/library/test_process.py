"""With `LOG_FORMAT=json`, whatever a process reports is a line of JSON."""

import json
import os
import subprocess
import sys

PROGRAM = """
import logging
import threading
import warnings

access = logging.getLogger("uvicorn.access")
access.addHandler(logging.StreamHandler())
access.propagate = False

from temporal_client import configure_logging

configure_logging()
logging.info("plain")
logging.info("%d", "no number")
access.info("GET /")
warnings.warn("old", stacklevel=1)

def fail() -> None:
    raise ValueError("broken")

thread = threading.Thread(target=fail, name="worker")
thread.start()
thread.join()
try:
    fail()
except ValueError:
    logging.exception("caught")
"""


def test_each_line_is_json() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "LOG_FORMAT": "json", "LOG_LEVEL": "INFO"},
    )
    assert done.stdout == ""
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    messages = [line["message"].splitlines()[0] for line in lines]
    expected = ["plain", "%d ('no number',)", "GET /"]
    assert messages[:3] == expected
    assert messages[3].endswith("UserWarning: old")
    assert messages[4:] == ["The thread worker failed", "caught"]
    for line in lines[4:]:
        assert "ValueError: broken" in line["exception"]


def test_it_ends_though_nobody_reads_its_output() -> None:
    program = (
        "import sys\n"
        "from temporal_client.process import _exit\n"
        "sys.stdout.write('not flushed')\n"
        "sys.stdin.read()\n"
        "_exit(3)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.close()
    process.stdin.close()
    assert process.wait(30) == 3
