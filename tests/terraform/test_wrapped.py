"""Manifests in `yaml_body` of `kubectl_manifest` are read as the same text in a file is."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from scanner.sources.read import ReadRequest, read_all

TEXT = """\
apiVersion: v1
kind: Pod
metadata: {name: y, namespace: on, labels: {app: yes, 1: 010, 22:22: 1e3}}
spec:
  hostNetwork: yes
  containers: [{name: 7, image: off, args: [y, 1]}]
"""


@pytest.mark.parametrize("name", ["main.tf", "pod.yaml"])
def test_words_that_are_booleans_are_names_where_names_are_meant(tmp_path: Path, name: str) -> None:
    body = textwrap.indent(TEXT, "    ")
    text = f'resource "kubectl_manifest" "a" {{\n  yaml_body = <<-EOT\n{body}  EOT\n}}\n' if name == "main.tf" else TEXT
    (tmp_path / name).write_text(text)
    found = read_all(ReadRequest(root=tmp_path, paths=(tmp_path,)))
    pod = next(one for one in found.resources if one.kind == "Pod")
    assert pod.address == "on/Pod/y"
    assert pod.attrs["metadata"]["labels"] == {"app": "yes", "1": "010", "22:22": "1e3"}
    assert pod.attrs["spec"]["hostNetwork"] is True
    assert pod.attrs["spec"]["containers"][0] == {"name": "7", "image": "off", "args": ["y", "1"]}
