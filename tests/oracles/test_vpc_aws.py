"""Outside answers about VPCs, held against `graph --expand`: instances, subnets, and single questions.

TETHER_ORACLES names the folder that holds `vpc_aws`. Its inputs are answers of Describe calls without route tables: a
subnet is public where it gives public addresses.
"""

from __future__ import annotations

import ipaddress
import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

from scanner.commands.graph_expand import expand
from scanner.sources.aws import read_estate
from scanner.sources.bundle import Call

FOLDER = Path(os.environ.get("TETHER_ORACLES", ""), "vpc_aws")
PROTOCOLS = ("TCP", "UDP")
PORTS = (1, 65535)

pytestmark = pytest.mark.skipif(
    not os.environ.get("TETHER_ORACLES"), reason="TETHER_ORACLES does not name the folder of the outside answers"
)


def cases(kind: str) -> list[dict]:
    if not (FOLDER / "cases.jsonl").is_file():
        return []
    every = [json.loads(line) for line in (FOLDER / "cases.jsonl").read_text().splitlines() if line.strip()]
    return [one for one in every if one["kind"] == kind]


ACCOUNT, REGION = "111122223333", "eu-north-1"
SCOPE = (("account", ACCOUNT), ("partition", "aws"), ("region", REGION))
ANSWERS = {
    "DescribeVpcs": ("Vpcs", "vpcs"),
    "DescribeSubnets": ("Subnets", "subnets"),
    "DescribeSecurityGroups": ("SecurityGroups", "security_groups"),
    "DescribeNetworkAcls": ("NetworkAcls", "network_acls"),
    "DescribeInternetGateways": ("InternetGateways", "internet_gateways"),
}


def named(one: dict) -> str:
    return next((tag["Value"] for tag in one.get("Tags") or () if tag["Key"] == "Name"), "")


def arn(kind: str, identity: str) -> str:
    return f"arn:aws:ec2:{REGION}:{ACCOUNT}:{kind}/{identity}"


def tables_of(answers: dict) -> list[dict]:
    """The route tables that the inputs leave out: a main one for each network, and one of its public subnets."""
    found = []
    for one in answers["vpcs"]:
        home = {"RouteTableId": f"main-{one['VpcId']}", "RouteTableAssociationId": f"m-{one['VpcId']}", "Main": True}
        found.append(
            {"RouteTableId": home["RouteTableId"], "VpcId": one["VpcId"], "Routes": [], "Associations": [home]}
        )
    for one in answers["internet_gateways"]:
        home = one["Attachments"][0]["VpcId"]
        subnets = [sub["SubnetId"] for sub in answers["subnets"] if sub["VpcId"] == home and sub["MapPublicIpOnLaunch"]]
        own = {"RouteTableId": f"t-{home}", "Main": False}
        links = [{**own, "RouteTableAssociationId": f"a-{sub}", "SubnetId": sub} for sub in subnets]
        route = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": one["InternetGatewayId"], "Origin": "CreateRoute"}
        found.append({"RouteTableId": f"t-{home}", "VpcId": home, "Routes": [route], "Associations": links})
    return found


def resources_of(answers: dict):
    """The inputs as a recorded account, read as such."""
    pages = {name: {key: answers[own]} for name, (key, own) in ANSWERS.items()}
    pages["DescribeRouteTables"] = {"RouteTables": tables_of(answers)}
    pages["DescribeVpcBlockPublicAccessOptions"] = {"VpcBlockPublicAccessOptions": {"InternetGatewayBlockMode": "off"}}
    pages["DescribeInstances"] = {"Reservations": [{"OwnerId": ACCOUNT, "Instances": answers["instances"]}]}
    calls = [Call("aws", SCOPE, f"ec2:{name}", {}, "read", (page,)) for name, page in pages.items()]
    return read_estate(calls, "main", "bundle").resources


@cache
def world_of(name: str):
    """The expanded graph of an input, and its nodes by the names that the answers use."""
    answers = json.loads((FOLDER / name).read_text())
    ends = {}
    for one in answers["instances"]:
        for card in one["NetworkInterfaces"]:
            ends[card["PrivateIpAddress"]] = arn("instance", one["InstanceId"])
    for one in answers["subnets"]:
        ends[named(one) or one["SubnetId"]] = arn("subnet", one["SubnetId"])
    return expand(list(resources_of(answers))), ends


def ends_of(text: str, ends: dict[str, str]) -> list:
    """What an end of an answer means: nodes, or one or every range of the internet."""
    if text.startswith("Public Internet"):
        block = text.removeprefix("Public Internet").strip()
        return ["internet" if "all" in block else ipaddress.ip_network(block)]
    written = re.search(r"\[(.*)\]", text)
    return [ends[written.group(1) if written else text]]


def conn_of(text: str, blocked: bool):
    """`conn` as (protocol, destination ports, source ports, whether answers get back)."""
    if text == "All Connections":
        for protocol in PROTOCOLS:
            yield protocol, (PORTS,), (PORTS,), protocol == "UDP" or not blocked
        return
    protocol = re.search(r"protocol: (\w+)", text).group(1)
    ports = {
        side: tuple(tuple(map(int, (one.split("-") * 2)[:2])) for one in found.group(1).split(","))
        if found
        else (PORTS,)
        for side, found in ((side, re.search(rf"{side}-ports: ([\d,-]+)", text)) for side in ("src", "dst"))
    }
    yield protocol, ports["dst"], ports["src"], protocol == "UDP" or not blocked


CLASSES = (1, 22, 443, 1024, 1025, 3000, 5000, 5001, 9079, 9080, 9081, 32768, 65535)
"""Ports on both sides of every boundary in the inputs."""


def expected_rows(case: dict, ends: dict[str, str]) -> set:
    return {
        (source, target, protocol, port, back, answered)
        for row in case["expected"]
        for source in ends_of(row["src"], ends)
        for target in ends_of(row["dst"], ends)
        for protocol, there, ports, answered in conn_of(row["conn"], row["response_blocked"])
        for port in CLASSES
        for back in CLASSES
        if inside(port, there) and inside(back, ports)
    }


def inside(port: int, ranges) -> bool:
    return any(first <= port <= last for first, last in ranges)


def outside_of(name: str, others: list) -> list:
    """A range of the graph as the answers write it: every range of the internet is one end."""
    first, last = (ipaddress.ip_address(one) for one in name.removeprefix("external/").split("-"))
    blocks = [one for one in others if one[0] <= first and last <= one[-1]]
    return blocks[:1] or ["internet"]


def found_rows(graph: dict, kind: str, others: list) -> set:
    rows = set()
    for edge in graph["edges"]:
        names = [edge["source"], edge["target"]]
        if not any(one.startswith(arn(kind, "")) for one in names) or "external/vpc" in names:
            continue
        assert edge["state"] == "open", edge
        source, target = (outside_of(one, others)[0] if one.startswith("external/") else one for one in names)
        for one in edge["traffic"]:
            answers = [(part["from_port"], part["to_port"]) for part in one.get("answers", ())]
            for port in CLASSES:
                for back in CLASSES:
                    if one["protocol"] in PROTOCOLS and one["from_port"] <= port <= one["to_port"]:
                        answered = "answers" not in one or inside(back, answers)
                        rows.add((source, target, one["protocol"], port, back, answered))
    return rows


def blocks_in(case: dict, ends: dict[str, str]) -> list:
    some = {end for row in case["expected"] for side in ("src", "dst") for end in ends_of(row[side], ends)}
    return [one for one in some if not isinstance(one, str)]


@pytest.mark.parametrize("case", cases("endpoints"), ids=lambda case: case["id"])
def test_instances_reach_each_other_as_outside_answers_say(case):
    graph, ends = world_of(case["input"])
    found, expected = found_rows(graph, "instance", blocks_in(case, ends)), expected_rows(case, ends)
    assert (expected - found, found - expected) == (set(), set())


@pytest.mark.parametrize("case", cases("subnets"), ids=lambda case: case["id"])
def test_subnets_reach_each_other_as_outside_answers_say(case):
    """The answers tell what subnets send to the internet, and not what they get from it."""
    graph, ends = world_of(case["input"])
    outward = {**graph, "edges": [edge for edge in graph["edges"] if not edge["source"].startswith("external/")]}
    found, expected = found_rows(outward, "subnet", blocks_in(case, ends)), expected_rows(case, ends)
    assert (expected - found, found - expected) == (set(), set())


@pytest.mark.parametrize("case", cases("explain"), ids=lambda case: case["id"])
def test_single_questions_are_answered_as_outside_answers_say(case):
    """The question names addresses, subnets or ranges; the answer names the pairs that it is about."""
    graph, ends = world_of(case["input"])
    answered = re.findall(
        r"^(Connections|No connectivity) from (.+?) to (.+?)(?:: (.*)|;)$", case["full"], re.MULTILINE
    )
    assert answered
    for verdict, source, target, conn in answered:
        row = {"src": source, "dst": target, "conn": conn, "response_blocked": False}
        mine, theirs = ends_of(source, ends)[0], ends_of(target, ends)[0]
        expected = expected_rows({"expected": [row]}, ends) if verdict == "Connections" else set()
        rows = found_rows(graph, "instance", blocks_in({"expected": [row]}, ends))
        found = {one for one in rows if pair_is(one, mine, theirs)}
        assert {one[2:4] for one in found} == {one[2:4] for one in expected}


def pair_is(row: tuple, source, target) -> bool:
    """Whether a row is about two ends: a range that is asked for may be part of what the graph calls the internet."""
    return all(
        end == asked or (end == "internet" and not isinstance(asked, str))
        for end, asked in zip(row, (source, target), strict=False)
    )
