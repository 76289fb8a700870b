"""Settings for the whole suite."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

_CACHE = tempfile.mkdtemp(prefix="tether-cache-")
atexit.register(shutil.rmtree, _CACHE, ignore_errors=True)
os.environ["TETHER_CACHE_DIR"] = _CACHE

# Where no byte code is kept, each of the hundreds of scans in a process of its own would compile all of it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
settings.register_profile("suite", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("suite")


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was collected stays to the end: looking for garbage in it took a twelfth of what was measured."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
