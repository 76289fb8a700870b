"""A proposal as a commented `tether.yaml`: whatever a name holds, it is one quoted text or one comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from scanner.commands.propose import Proposal, Seen, SeenPlace, SeenUnit
from scanner.patterns import lazy
from scanner.reports.safe import cut, safe

MAX_LISTED = 200
"""How many entries of one list are proposed for a decision."""
MAX_HOW = 120
EXAMPLE = "NAMESPACE/Deployment/NAME"
UPDATES = f"updates: [{{classifier: {EXAMPLE}, by: NAMESPACE/CronJob/NAME, max_age: 7d}}]"
RELEASE = "release: [{member: GUARDRAIL, version: VERSION}]"
STOPS = "stop_controls: [{subject: ADDRESS, tested: 2026-01-31, max_age: 365d, reason: WHAT IT STOPS}]"
DELIVERED = "delivery: {repositories: [https://HOST/PATH], keys: [ADDRESS]}"
FOLDER = lazy(r"^(?!/)(?!(.*/)?\.\.(/|\Z))[^\\\n]+\Z")

HEAD = """# Settings of Tether. Everything here was read from the files, and is a proposal: check each line, since what
# stands here is believed. A line with `#` right before it is a decision of yours: take the `#` away to make it.
# The JSON Schema is scanner/schemas/profile.schema.json."""


class Block(Struct, frozen=True):
    """The lines of one key, without indentation. live: they count; else each gets a `#`."""

    lines: tuple[str, ...]
    live: bool
    about: str = ""


def quoted(text: str) -> str:
    """`text` as a YAML scalar in double quotes, on one line, in printable characters."""
    made = "".join(_escaped(one) for one in text).replace("##", "#\\x23")
    return f'"{made}"'


def _escaped(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    if one.isprintable() and one != "\ufeff":
        return one
    code = ord(one)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sayable(text: str) -> bool:
    """Whether an entry can name exactly this: a blank or half a character cannot stand, and `*` is a wildcard."""
    return bool(text.strip()) and "*" not in text and not any("\ud800" <= one <= "\udfff" for one in text)


def written(found: Proposal) -> str:
    """The text of the profile; `load_profile` reads it."""
    lines = [HEAD]
    if found.unread:
        lines.append(f"# {found.unread} inputs could not be read: what they hold is not in here.")
    parts = [
        [Block(("agreement: NAME",), False, "The name under which `tether lock` pins rules, tables and this file.")],
        [_places(found)],
        _section("models", _models(found)),
        _section("safety_stack", _stack(found)),
        [_listed("operators", found.writers, live=False, about="Who may change the safety stack. These can now:")],
        [Block((STOPS,), False, "By what you stop the models, and when that was last tried.")],
        [Block((DELIVERED,), False, "Your repositories, from which the stack is delivered, and your keys.")],
        _section("tenants", [_tenants(found)]),
        _section("evidence", _evidence(found)),
        [_units(found)],
        [_charts(found)],
        [Block(("require: []",), True, "Bases that a scan must have: [live] for one that is scheduled.")],
    ]
    for part in parts:
        lines += ["", *(line for block in part for line in _shown(block))]
    return "\n".join(lines) + "\n"


def _shown(block: Block) -> Iterator[str]:
    if block.about:
        indent = " " * (len(block.lines[0]) - len(block.lines[0].lstrip()))
        yield f"{indent if block.live else ''}# {cut(safe(block.about), 300)}"
    yield from (line if block.live else f"#{line}" for line in block.lines)


def _section(name: str, blocks: Sequence[Block]) -> list[Block]:
    """A mapping of blocks; where none of them counts, it must not stand there empty."""
    live = any(block.live for block in blocks)
    inner = [Block(tuple(f"  {line}" for line in block.lines), block.live, block.about) for block in blocks]
    return [Block((f"{name}:",), live), *inner]


def _listed(
    name: str, entries: Iterable[Seen], *, live: bool, about: str = "", example: str = "", more_of: bool = False
) -> Block:
    """A list of texts, each with how it was recognised; what no entry could name exactly is left out.

    more_of: further entries of a list that stands above, so that its key does not come twice.
    """
    kept = [(text, how) for text, how in dict(entries).items() if sayable(text)]
    if not live:
        more = len(kept) - MAX_LISTED
        kept = kept[:MAX_LISTED]
        about += f" (and {more} more)" if more > 0 else ""
    if not kept:
        return Block((f"{name}: [{example}]",) if example else (f"{name}: []",), False, about)
    lines = [f"  - {quoted(text)}{_how(how)}" for text, how in kept]
    return Block(tuple(lines) if more_of else (f"{name}:", *lines), live, about)


def _how(how: str) -> str:
    return f"  # {cut(safe(how.partition('; the profile')[0]), MAX_HOW)}" if how else ""


def _models(found: Proposal) -> list[Block]:
    approved = [
        f"  - {{id: {quoted(name)}, digest: {quoted(digest)}}}" if _is_digest(digest) else f"  - id: {quoted(name)}"
        for name, digest in found.approved[:MAX_LISTED]
        if sayable(name)
    ]
    blocks = [
        Block(
            ("approved:", *approved) if approved else ("approved: [{id: MODEL}]",),
            False,
            "The models that may be served. These are now; approving them is yours:",
        ),
        *_parted(
            "servers",
            (found.servers, "What serves a model. A classifier is a server too: move it to safety_stack.classifiers."),
            (found.candidates, "These could be model servers: put each here, or under `not_models` with a reason."),
            EXAMPLE,
        ),
    ]
    blocks.append(_listed("stores", found.stores, live=True, about="Where weights are kept."))
    return blocks


def _is_digest(text: str) -> bool:
    return re.match(r"(?:sha256:[0-9a-f]{64}|git:[0-9a-f]{40})\Z", text) is not None


def _stack(found: Proposal) -> list[Block]:
    check = "The servers that check what goes in and out."
    return [
        *_parted(
            "gateways",
            (found.gateways, "The only callers that may stand before a model."),
            (found.callers, "These get at a model now:"),
            EXAMPLE,
        ),
        _listed("classifiers", found.classifiers, live=True, about=check, example=EXAMPLE),
        _guardrails(found.guardrails),
        _filters(found.filters),
        Block((UPDATES,), False, "What brings new versions of a classifier, and how often it must."),
        Block(
            (RELEASE,), False, "What must run: the digests of every image of a member, or the version of a guardrail."
        ),
    ]


def _parted(name: str, sure: tuple[Sequence[Seen], str], more: tuple[Sequence[Seen], str], example: str) -> list[Block]:
    """One list in two parts: what is filled in, and what is for a decision; its key comes once."""
    live = _listed(name, sure[0], live=True, about=sure[1], example=example)
    if live.live:
        others = [(text, how) for text, how in more[0] if sayable(text) and text not in dict(sure[0])]
        return [live, _listed(name, others, live=False, about=more[1], more_of=True)] if others else [live]
    return [_listed(name, more[0], live=False, about=" ".join((sure[1], *more[1:] * bool(more[0]))), example=example)]


def _guardrails(entries: Sequence[Seen]) -> Block:
    lines = [f"  - id: {quoted(text)}{_how(how)}" for text, how in entries if sayable(text)]
    about = 'The guardrails that count; `version: "7"` beside an id demands that one.'
    return Block(("guardrails:", *lines), True, about) if lines else Block(("guardrails: [{id: NAME}]",), False, about)


def _filters(filters: Sequence[tuple[str, str, str]]) -> Block:
    """The weakest strength of each filter that any guardrail has now."""
    order = ("NONE", "LOW", "MEDIUM", "HIGH")
    least: dict[str, dict[str, str]] = {}
    for name, side, strength in filters:
        if strength in order and side in ("input", "output") and re.match(r"[A-Z][A-Z0-9_:.-]*\Z", name):
            had = least.setdefault(name, {}).get(side, strength)
            least[name][side] = min(had, strength, key=order.index)
    lines = [
        f"  {quoted(name)}: {{{', '.join(f'{side}: {strength}' for side, strength in sorted(sides.items()))}}}"
        for name, sides in sorted(least.items())
    ]
    about = "What each guardrail must filter, at least." + (" They do this now:" if lines else "")
    return Block(("required_filters:", *(lines or ["  PROMPT_ATTACK: {input: HIGH}"])), False, about)


def _tenants(found: Proposal) -> Block:
    entries = [(f"namespace:{name}", "") for name in found.namespaces]
    about = "Who may call the gateways." + (" These do now:" if entries else "")
    return _listed("agreed", entries, live=False, about=about, example="namespace:NAME")


def _evidence(found: Proposal) -> list[Block]:
    about = "Stores that the operator holds, and to which the logs of inference go."
    return [_listed("sinks", [(one, "") for one in found.sinks], live=True, about=about, example="s3://BUCKET")]


def _places(found: Proposal) -> Block:
    about = "Where models may run; nowhere else. These places are used now."
    if found.elsewhere:
        names = ", ".join(f"{address} ({place})" for address, place in found.elsewhere[:20])
        about += f" Not in a cloud, and not proposed: {names}"
    lines = [line for place in found.places for line in _place(place)]
    if not lines:
        return Block(("places: [{provider: aws, partition: aws, accounts: [], regions: []}]",), False, about)
    return Block(("places:", *lines), True, about)


def _place(place: SeenPlace) -> Iterator[str]:
    if not sayable(place.provider):
        return
    yield f"  - provider: {quoted(place.provider)}"
    if sayable(place.partition):
        yield f"    partition: {quoted(place.partition)}"
    for key, values in (("accounts", place.accounts), ("regions", place.regions)):
        known = [quoted(one) for one in values if sayable(one)]
        yield f"    {key}: [{', '.join(known)}]" if known else f"    # {key}: not known from the files"


def _units(found: Proposal) -> Block:
    about = "What belongs together: Terraform, the manifests, and the cluster that they run on."
    if len(found.clusters) > 1:
        about += f" Clusters: {', '.join(found.clusters[:20])}"
    units = [one for one in found.units if all(map(_is_folder, (*one.terraform, *one.manifests)))]
    names: set[str] = set()
    lines = [line for one in units for line in _unit(one, names)]
    example = "units: [{name: NAME, terraform: [DIR], manifests: [DIR], cluster: ADDRESS}]"
    if not lines:
        return Block((example,), False, about)
    return Block(("units:", *lines), all(sayable(one.cluster) for one in units), about)


def _charts(found: Proposal) -> Block:
    about = "How charts are installed. One that is not named is judged with its default values, and nothing holds."
    named = [one for one in found.charts if _is_folder(one)]
    keys = "values: [FILE], release: release-name, namespace: default"
    lines = [f"  - {{chart: {quoted(one)}, {keys}}}" for one in named] or [f"  - {{chart: DIR, {keys}}}"]
    return Block(("charts:", *lines), False, about)


def _is_folder(path: str) -> bool:
    return (
        FOLDER.match(path) is not None and bool(path.strip()) and not any("\ud800" <= one <= "\udfff" for one in path)
    )


def _unit(unit: SeenUnit, names: set[str]) -> Iterator[str]:
    name = next(one for one in _numbered(unit.name) if one not in names)
    names.add(name)
    yield f"  - name: {quoted(name)}"
    for key, folders in (("terraform", unit.terraform), ("manifests", unit.manifests)):
        if folders:
            yield f"    {key}: [{', '.join(quoted(one) for one in folders)}]"
    if sayable(unit.cluster):
        yield f"    cluster: {quoted(unit.cluster)}"
    else:
        yield "    # cluster: ADDRESS"


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in range(2, 1_000_000))
