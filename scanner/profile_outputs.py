"""`outputs` of the profile: where runs are remembered and told."""

from __future__ import annotations

from scanner.patterns import lazy
from scanner.profile import Outputs
from scanner.profile_part import Part

_VARIABLE = lazy(r"^[A-Za-z_][A-Za-z0-9_]*\Z")
_NOTICE = lazy(r"^[0-9]{1,4}d\Z")
_ACCOUNT = lazy(r"^[0-9]{12}\Z")
_WORD = lazy(r"^[a-z0-9]+(-[a-z0-9]+)*\Z")
_STORE = lazy(r"^(?!.*://[^/]*:[^/]*@)(?!.*[?&][Pp][Aa][Ss][Ss]).*[^\s]")
"""A file, or a URL in which no password stands: a settings file is shown to everybody."""


def outputs_of(file: Part) -> Outputs:
    """The `outputs` of a profile. Raises SettingsError for a password in it, and for two stores."""
    part = file.part("outputs", "store", "store_from", "series", "webhook_from", "waiver_notice", "asff")
    name = "the name of an environment variable"
    notice = part.text("waiver_notice", _NOTICE, "a number of days as 30d")
    store = part.text("store", _STORE, "a file, or a URL without a password: `store_from` names a variable with one")
    store_from = part.text("store_from", _VARIABLE, name)
    if store and store_from:
        part.fail("`outputs.store` and `outputs.store_from` say the same thing twice", "store_from")
    return Outputs(
        store=store,
        store_from=store_from,
        series=part.text("series"),
        webhook_from=part.text("webhook_from", _VARIABLE, name),
        waiver_notice=int(notice.removesuffix("d") or 30),
        asff=_asff(part) if "asff" in part.values else None,
    )


def _asff(part: Part) -> tuple[str, str, str]:
    asff = part.part("asff", "partition", "region", "account")
    return (
        asff.must("partition", _WORD, "a partition, as aws-us-gov"),
        asff.must("region", _WORD, "a region, as us-gov-west-1"),
        asff.must("account", _ACCOUNT, "an account of 12 digits"),
    )
