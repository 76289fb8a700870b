"""What many accounts say alike is kept once, and what differs stays apart."""

from __future__ import annotations

from pathlib import Path

from scanner.sources.bundle import Bundle, Call, read_bundle
from tests.bundle.estate import call, full, write

BIG = {"Vpcs": [{"VpcId": f"vpc-{number}"} for number in range(20)]}


def read(path: Path, calls: list[Call]) -> list[Call]:
    found = read_bundle(write(path, calls), path.name)
    assert isinstance(found, Bundle) and not found.unread
    return found.calls


def test_a_call_is_read_as_it_was_written(tmp_path: Path) -> None:
    calls = [*full({}), call("ec2:DescribeVpcs", BIG, region="us-gov-east-1")]
    assert [one.line() for one in read(tmp_path / "a.bundle", calls)] == [one.line() for one in calls]


def test_empty_answers_of_two_accounts_are_one_object(tmp_path: Path) -> None:
    ones, others = (read(tmp_path / f"{number}.bundle", full({}, account=number)) for number in ("1" * 12, "2" * 12))
    for one, other in zip(ones, others, strict=True):
        assert one.pages is other.pages and one.operation is other.operation
        assert one.scope != other.scope
    assert len({id(one.scope) for one in ones}) == 2, "one for the account and one for its region"


def test_what_is_much_or_looks_alike_stays_apart(tmp_path: Path) -> None:
    pages = ({"A": 1}, {"A": True}, {"A": "1"}, {"A": 1.0}, {"A": None}, BIG, BIG)
    calls = [call("ec2:DescribeVpcs", page, region=f"r-{number}") for number, page in enumerate(pages)]
    found = read(tmp_path / "a.bundle", calls)
    assert [repr(one.pages[0]) for one in found] == [repr(page) for page in pages]
    assert found[-1].pages is not found[-2].pages
