"""Machines with a network of their own beside that of the cluster: what no NetworkPolicy speaks of is not closed."""

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
