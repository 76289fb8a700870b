"""Data sources that put texts together and ask nobody: `cloudinit_config` and `template_file`, with `rendered`.

Source: documentation of the Terraform providers `hashicorp/cloudinit` and `hashicorp/template`.
"""

from __future__ import annotations

from msgspec.structs import replace

from scanner.resource import Attrs, items_of
from scanner.sources.terraform.blocks import POSSIBLE
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.template_value import joined
from scanner.sources.terraform.values import Refused, TooLarge, invalid, is_map
from scanner.unknown import Unknown, Value

CLOUD_INIT = frozenset({"cloudinit_config", "template_cloudinit_config"})
TEMPLATE = "template_file"


def is_put_together(key: tuple[str, str, str], name: str) -> bool:
    """Whether an attribute of a data source is a text that is known from its arguments."""
    return key[0] == "data" and name == "rendered" and (key[1] in CLOUD_INIT or key[1] == TEMPLATE)


def rendered(kind: str, attrs: Attrs, env: Env, evaluate: Evaluate, computed: Unknown) -> Value:
    """The text; where it is only told what is in it, an Unknown with that as its `document`."""
    try:
        if kind == TEMPLATE:
            return _filled(attrs, env, evaluate)
        return _parts(attrs, computed)
    except Refused as error:
        return invalid(error.cause, computed.origin)
    except TooLarge as error:
        return Unknown(error.cause, origin=computed.origin)


def _filled(attrs: Attrs, env: Env, evaluate: Evaluate) -> Value:
    from scanner.sources.terraform.functions.filesystem import filled_template

    source, names = attrs.get("template"), attrs.get("vars") or {}
    if isinstance(names, Unknown) or not isinstance(source, str):
        return source if isinstance(source, Unknown) else names if isinstance(names, Unknown) else None
    return filled_template(source, "template", names, env, evaluate)


def _parts(attrs: Attrs, computed: Unknown) -> Value:
    """The texts of all parts, one behind the other: in what the provider makes of them, they are encoded."""
    texts: list[Value] = []
    for part in items_of(attrs.get("part")):
        if not is_map(part) or POSSIBLE in part or isinstance(part.get("content"), Unknown):
            open_ = part.get(POSSIBLE) or part.get("content") if is_map(part) else part
            texts.append(open_ if isinstance(open_, Unknown) else computed)
        else:
            texts.append(part.get("content") or "")
        texts.append("\n")
    inside = joined(texts) if texts else computed
    whole = Unknown("a text in several parts", pieces=(inside,)) if isinstance(inside, str) else inside
    return replace(computed, ref=None, document=whole)
