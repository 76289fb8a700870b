"""Interval arithmetic against plain sets."""

from hypothesis import given
from hypothesis import strategies as st

from scanner.builders import ranges
from scanner.builders.ranges import parse_cidr
from scanner.graph.model import ALL_TRAFFIC, Traffic

numbers = st.integers(1, 60)
intervals = st.lists(st.tuples(numbers, numbers), max_size=6)
traffics = st.lists(st.builds(Traffic, st.sampled_from(["TCP", "UDP"]), numbers, numbers), max_size=6)


def points(some):
    return {number for first, last in some for number in range(first, last + 1)}


def ports(some):
    return {(one.protocol, port) for one in some for port in range(one.from_port, one.to_port + 1)}


@given(intervals, intervals)
def test_intervals_behave_as_the_sets_that_they_write(left, right):
    assert points(ranges.merge(left)) == points(left)
    assert points(ranges.intersection(left, right)) == points(left) & points(right)
    assert points(ranges.difference(left, right)) == points(left) - points(right)


@given(intervals)
def test_merged_intervals_are_sorted_and_have_gaps(some):
    merged = ranges.merge(some)
    assert all(one[1] + 1 < two[0] for one, two in zip(merged, merged[1:], strict=False))


@given(traffics, traffics)
def test_traffic_behaves_as_the_set_of_its_ports(left, right):
    assert ports(ranges.join_traffic(left, right)) == ports(left) | ports(right)
    assert ports(ranges.common_traffic(left, right)) == ports(left) & ports(right)
    assert ports(ranges.traffic_without(left, right)) == ports(left) - ports(right)


def test_a_range_holds_its_parts_and_not_its_neighbours():
    ten = parse_cidr("10.0.0.0/16")
    assert parse_cidr("10.0.40.0/24") in ten
    assert parse_cidr("10.1.0.0/24") not in ten
    assert ten not in parse_cidr("10.0.40.0/24")
    assert ten.overlaps(parse_cidr("10.0.255.255"))
    assert not ten.overlaps(parse_cidr("10.1.0.0/16"))


def test_versions_are_never_mixed():
    assert parse_cidr("0.0.0.0/0").everything and parse_cidr("::/0").everything
    assert parse_cidr("::/128") not in parse_cidr("0.0.0.0/0")
    assert not parse_cidr("::/0").overlaps(parse_cidr("0.0.0.0/0"))


def test_only_wholly_private_ranges_are_private():
    assert parse_cidr("10.0.0.0/8").private and parse_cidr("fd00::/8").private
    assert not parse_cidr("10.0.0.0/7").private
    assert not parse_cidr("0.0.0.0/0").private


def test_what_is_no_range_is_none():
    assert parse_cidr("10.0.0.0/33") is None
    assert parse_cidr("sg-1234") is None
    assert parse_cidr("") is None


def test_two_halves_cover_the_whole():
    whole = parse_cidr("10.0.0.0/16")
    halves = [parse_cidr("10.0.0.0/17"), parse_cidr("10.0.128.0/17")]
    assert ranges.covered(whole, halves)
    assert not ranges.covered(whole, halves[:1])


def test_traffic_is_said_in_words():
    assert ranges.say_traffic(ALL_TRAFFIC) == "all ports"
    assert ranges.say_traffic([Traffic("TCP", 8000, 8000)]) == "TCP 8000"
    assert ranges.say_traffic([Traffic("TCP", 1, 65535)]) == "all TCP ports"
    assert ranges.say_traffic([Traffic("TCP", 80, 90), Traffic("UDP", 53, 53)]) == "TCP 80-90 and UDP 53"
