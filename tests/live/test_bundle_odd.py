"""Bundles with a right sum and lines of any shape: the sum proves nothing of who wrote it."""

import gzip
import hashlib
import json

import pytest

from scanner.sources.recorded import read_bundles
from tests.live.server import Cluster
from tests.live.test_bundle import collected, lines
from tests.live.test_calls import small

ODD = [7, None, [], {}, "x", [[7]], [[{"metadata": {"name": "x", "namespace": "a"}}]], True, "aws_instance", {"a": 1}]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize(
    "where",
    ["parameters", "parameters.group", "parameters.kind", "parameters.resource", "parameters.version",
     "parameters.namespace", "parameters.path", "pages", "pages.0", "pages.0.0", "at", "cause", "operation", "scope",
     "scope.cluster", "source"],
)  # fmt: skip
def test_a_well_summed_bundle_of_odd_lines_never_ends_the_run(tmp_path, recorded, where, odd):
    """Whoever writes a bundle can sum it as well: its lines are then read as anything else that is not trusted."""
    for index in range(1, len(recorded) - 1):
        bodies = json.loads(json.dumps(recorded[:-1]))
        if not _put(bodies[index], where, odd):
            continue
        path = tmp_path / "bundle"
        text = b"".join(json.dumps(one).encode() + b"\n" for one in bodies)
        last = {"count": len(bodies) - 1, "sha256": hashlib.sha256(text).hexdigest()}
        path.write_bytes(gzip.compress(text + json.dumps(last).encode() + b"\n"))
        reading = read_bundles([(path, "bundle")], str)
        assert all(one.kind[:1].isupper() for one in reading.resources)


def _put(body, where, odd):
    *steps, last = where.split(".")
    here = body
    for step in steps:
        if isinstance(here, list) and not here:
            return False
        here = here[int(step)] if step.isdigit() else here[step]
    if isinstance(here, list) and not here:
        return False
    here[int(last) if last.isdigit() else last] = odd
    return True


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A few lines of a small bundle: what is served, the namespaces and the pods."""
    header, *calls, last = lines(collected(tmp_path_factory.mktemp("made"), Cluster(small()))[0])
    about = [one["parameters"].get("kind") or one["parameters"].get("path") for one in calls]
    wanted = ("/api", "/apis", "/api/v1", "Pod", "Namespace")
    return [header, *(one for one, what in zip(calls, about, strict=True) if what in wanted), last]
