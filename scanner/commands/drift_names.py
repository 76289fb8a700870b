"""Both sides of a comparison, each built with the profile as it would name its own things."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.builders.build import build
from scanner.scan import Scanned
from scanner.sides.compare import Known, joined, known
from scanner.sides.join import Joined
from scanner.sides.profile_names import renamed


def with_names_of_both(declared: Scanned, live: Scanned) -> tuple[Known, Known, Joined]:
    """Both sides, and what is the same on them. Contracts stay as they are written."""
    units = frozenset(one.name for one in declared.profile.units)
    both = joined(_known(declared), _known(live), units)
    ours = _renamed(declared, live, both, both.declared, both.live)
    theirs = _renamed(live, declared, both, both.live, both.declared)
    return ours, theirs, joined(ours, theirs, units)


def _known(one: Scanned) -> Known:
    return known(one.built.graph, one.reading.resources, blind=bool(one.reading.unread))


def _renamed(mine: Scanned, other: Scanned, both: Joined, ours: Mapping[str, str], theirs: Mapping[str, str]) -> Known:
    here = mine.built.graph.nodes
    partners = {key: id_ for id_, key in ours.items() if id_ not in both.doubtful}
    own = {name for node in here.values() if node.kind != "Guardrail" for name in (node.address, node.id)}
    found: dict[str, str] = {}
    for id_, node in other.built.graph.nodes.items():
        partner = partners.get(theirs.get(id_, ""))
        if partner is not None and id_ not in both.doubtful:
            names = (name for name in (node.address, node.id) if name not in own)
            found.update(dict.fromkeys(names, here[partner].address))
    profile = renamed(mine.profile, lambda entry: (found.get(entry, entry),))
    if profile == mine.profile:
        return _known(mine)
    return known(build(mine.reading.resources, profile).graph, mine.reading.resources, blind=bool(mine.reading.unread))
