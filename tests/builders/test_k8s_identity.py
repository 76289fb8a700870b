"""Which workload runs as which service account, and whether it gets the account's token."""

from __future__ import annotations

import pytest

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_identity import runs_as
from scanner.profile import Profile
from scanner.sources.read import ReadRequest, read_all

CRON = """
apiVersion: batch/v1
kind: CronJob
metadata: {{name: job, namespace: team}}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{{name: c, image: "example/a:1"}}]
          {settings}
---
apiVersion: v1
kind: ServiceAccount
metadata: {{name: quiet, namespace: team}}
automountServiceAccountToken: false
"""


@pytest.mark.parametrize(
    ("settings", "name", "stated", "mounts"),
    [
        ("restartPolicy: Never", "default", False, True),
        ("serviceAccountName: bot", "bot", True, True),
        ("serviceAccount: old", "old", True, True),
        ("serviceAccountName: quiet", "quiet", True, False),
        ("{serviceAccountName: quiet, automountServiceAccountToken: true}", "quiet", True, True),
        ("automountServiceAccountToken: false", "default", False, False),
    ],
)
def test_the_account_of_a_workload(tmp_path, settings, name, stated, mounts):
    lines = settings.strip("{}").replace(", ", "\n          ")
    (tmp_path / "a.yaml").write_text(CRON.format(settings=lines))
    reading = read_all(ReadRequest(root=tmp_path, paths=(tmp_path,)))
    (one,) = runs_as(World(Inventory(reading.resources), Profile()))
    assert (one.resource.kind, one.namespace, one.name) == ("CronJob", "team", name)
    assert (one.stated, one.mounts_token) == (stated, mounts)
    assert ("is not set" in one.because) is not stated
