"""What holds of any drawn network: a rule more never closes, a deny more never opens, an unknown never takes away."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Role
from tests.builders.aws import read, world
from tests.network.test_vpc_referee import ways
from tests.network.vpc_draw import Entry, Rule, networks, terraform

RANK = {"": 0, "possible": 1, "open": 2}
FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
HIDDEN = re.compile(
    r'(?<== )"[^"]*"|(?<=port = )\d+|(?<=blocks = \[)"[^"]*"|(?<=\[)aws_[a-z_]+\.\w+\.id(?=\])'
    r"|(?<=_id = )aws_[a-z_.]+\w+\.\w+"
)
"""A value of the text that another may stand for: an address range, a port, a protocol, a group, what an id names."""


def admitted(drawn, folder):
    return ways(read(folder, terraform(drawn)), drawn.machines)


def more(left, right):
    """What is less certain or gone in `right`."""
    return {key: (state, right.get(key, "")) for key, state in left.items() if RANK[right.get(key, "")] < RANK[state]}


@FEW
@given(drawn=networks(), data=st.data())
def test_a_rule_more_in_a_group_never_closes(drawn, data, tmp_path_factory):
    before = admitted(drawn, tmp_path_factory.mktemp("vpc"))
    _, *sides = drawn.groups[data.draw(st.sampled_from(sorted(drawn.groups)))]
    block = data.draw(st.sampled_from(("0.0.0.0/0", "10.0.0.0/16", "198.51.100.0/24", "::/0")))
    data.draw(st.sampled_from(sides)).append(Rule("tcp", 22, 8000, ("cidr", block)))
    assert more(before, admitted(drawn, tmp_path_factory.mktemp("vpc"))) == {}


@FEW
@given(drawn=networks(), data=st.data())
def test_a_deny_more_in_an_acl_never_opens(drawn, data, tmp_path_factory):
    before = admitted(drawn, tmp_path_factory.mktemp("vpc"))
    vpc = drawn.vpcs[data.draw(st.sampled_from(sorted(drawn.vpcs)))]
    every = Entry(100, True, "-1", 0, 0, "0.0.0.0/0"), Entry(101, True, "-1", 0, 0, "::/0")
    sides = next(iter(vpc.acls.values()), None) or vpc.acls.setdefault("default", (list(every), list(every)))
    side = data.draw(st.sampled_from(sides))
    number = data.draw(st.integers(200, 210)) if data.draw(st.booleans()) else 0
    block = data.draw(st.sampled_from(("0.0.0.0/0", "10.0.0.0/24", "::/0")))
    side.append(Entry(number, False, data.draw(st.sampled_from(("tcp", "udp", "-1"))), 22, 8000, block))
    assert more(admitted(drawn, tmp_path_factory.mktemp("vpc")), before) == {}


@FEW
@given(drawn=networks(), data=st.data())
def test_a_value_that_is_not_known_takes_no_way_away(drawn, data, tmp_path_factory):
    """Where the groups of a machine are not known, it is somebody outside who may get in."""
    text = terraform(drawn)
    before = ways(read(tmp_path_factory.mktemp("vpc"), text), drawn.machines)
    spots = list(HIDDEN.finditer(text))
    spot = data.draw(st.sampled_from(spots))
    hidden = f'variable "hidden" {{}}\n{text[: spot.start()]}var.hidden{text[spot.end() :]}'
    after = ways(read(tmp_path_factory.mktemp("vpc"), hidden), drawn.machines)
    strangers = callers(tmp_path_factory, hidden, drawn) - callers(tmp_path_factory, text, drawn)
    lost = {key for key in before if key not in after and key[1] not in {target for _, target in strangers}}
    assert not lost, text[max(0, spot.start() - 80) : spot.end() + 20]


def callers(folders, text, drawn):
    """Who may come from outside, possibly, and to which machine."""
    resources = read(folders.mktemp("vpc"), text)
    made = world(*resources, roles={f"aws_instance.{name}": Role.MODEL for name in drawn.machines})
    build_aws_network(made)
    some = (edge for edge in made.freeze().edges if edge.state == "possible" and edge.source.startswith("external:"))
    return {(edge.decided_by, edge.target.rpartition(".")[2]) for edge in some}
