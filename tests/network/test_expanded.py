"""`tether graph --expand` over AWS: all pairs, the internet as ranges, and the ports that answers get back to."""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema

from scanner.commands.graph_expand import expand
from tests.builders.aws import read
from tests.network.test_doors import BASE, CALLER, FROM_ALL, model

ACL = """
resource "aws_network_acl" "n" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.a.id]
  ingress {
    rule_no    = 1
    action     = "allow"
    protocol   = "-1"
    from_port  = 0
    to_port    = 0
    cidr_block = "0.0.0.0/0"
  }
  egress {
    rule_no    = 1
    action     = "allow"
    protocol   = "tcp"
    from_port  = 32768
    to_port    = 60999
    cidr_block = "10.0.2.0/24"
  }
}
"""


def test_pairs_say_where_answers_get_back_to(tmp_path):
    graph = expand(read(tmp_path, BASE + model(FROM_ALL) + CALLER + ACL))
    jsonschema.validate(graph, json.loads((files("scanner") / "schemas" / "graph.schema.json").read_text()))
    [edge] = [one for one in graph["edges"] if one["source"] == "aws_instance.caller"]
    assert (edge["target"], edge["state"]) == ("aws_instance.model", "open")
    answers = [{"from_port": 32768, "to_port": 60999}]
    assert edge["traffic"] == [{"protocol": "TCP", "from_port": 8000, "to_port": 8000, "answers": answers}]


def test_units_are_kept_apart(tmp_path):
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    some = [one for folder in folders for one in read(folder, BASE + model(FROM_ALL) + CALLER, unit=folder.name)]
    ends = {(one["source"], one["target"]) for one in expand(some)["edges"] if "caller" in one["source"]}
    assert ends == {(f"{unit}:aws_instance.caller", f"{unit}:aws_instance.model") for unit in ("one", "two")}
