"""Some of the rules alone: which they are, and what has to be asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from scanner.errors import UsageError
from scanner.findings import COMMITMENTS
from scanner.resource import Unread
from scanner.rule import KUBERNETES, Rule
from scanner.sources.read import Live


def chosen(names: Iterable[str], rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules that are named, by themselves or by their commitment. Raises UsageError for a name of neither."""
    from difflib import get_close_matches

    wanted = set(names)
    known = {*COMMITMENTS, *(rule.id for rule in rules)}
    for name in sorted(wanted - known):
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean `{near[0]}`?" if near else "; `tether rules` lists them"
        raise UsageError(f"there is no rule and no commitment `{name}`{hint}")
    return tuple(rule for rule in rules if rule.id in wanted or rule.commitment in wanted)


def operations_for(rules: Sequence[Rule]) -> frozenset[str] | None:
    """The reads of AWS whose answers the verdicts of some rules can rest on; None for all of them."""
    kinds: set[str] = set()
    for rule in rules:
        if rule.needs is None:
            return None
        kinds.update(rule.needs)
    from scanner.sources.aws.brings import needed_for

    return needed_for(kinds)


def needs_clusters(rules: Sequence[Rule]) -> bool:
    """Whether a verdict of some rules can rest on what stands in a cluster."""
    return any(rule.needs is None or KUBERNETES in rule.needs for rule in rules)


def narrowed(live: Live, rules: Sequence[Rule]) -> Live:
    """An API that is asked for what some rules need. Raises UsageError where they need nothing of it."""
    if live.name == "aws":
        return replace(live, aws=replace(live.aws, operations=operations_for(rules)))
    if not needs_clusters(rules):
        raise UsageError("none of the rules that --judge names looks at a cluster: leave --live kubernetes out")
    return live


def waited_for(names: Sequence[str], unread: Sequence[Unread]) -> list[Unread]:
    """Of what was not read, that for which some of the rules that ship wait; without a name all of it."""
    from scanner.catalogue import rules

    some = chosen(names, rules(())) if names else ()
    return [one for one in unread if not names or any(rule.waits_for(one) for rule in some)]
