"""Pods as the network sees them: on networks beside that of the cluster, and of owners that are half told."""

from __future__ import annotations

import pytest

from scanner.builders.k8s_network.pods import pods_of, workloads
from scanner.sources.kubernetes.manifests import read_manifests

MACHINE = """
apiVersion: kubevirt.io/v1
kind: VirtualMachine
metadata: {{name: model, namespace: n}}
spec:
  template:
    metadata: {{labels: {{app: model}}}}
    spec:
      domain: {{devices: {{interfaces: [{{name: a, bridge: {{}}}}]}}}}
      networks: [{{name: a, {network}}}]
"""


@pytest.mark.parametrize(("network", "beyond"), [("pod: {}", ""), ("multus: {networkName: flat}", "networks")])
def test_on_a_machine_with_another_network_no_policy_is_sure_to_be_enforced(tmp_path, network, beyond):
    path = tmp_path / "a.yaml"
    path.write_text(MACHINE.format(network=network))
    reading = read_manifests(tmp_path, [path])
    assert not reading.unread
    (pod,) = [pod for one in workloads(reading.resources) for pod in pods_of(one)]
    assert pod.beyond == beyond


OWNED = """
apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: n
  ownerReferences: [{{name: owner, controller: true}}]
spec: {{containers: [{{name: c, image: i}}]}}
---
"""


def test_pods_of_an_owner_of_which_only_the_name_is_told_are_one_workload(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(OWNED.format(name="one") + OWNED.format(name="two"))
    reading = read_manifests(tmp_path, [path])
    assert [one.address for one in workloads(reading.resources)] == ["n/Pod/owner"]
