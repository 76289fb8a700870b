"""What a policy of the mesh is held against: one call, and how each attribute of it is compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from scanner.builders.k8s_policy.labels import Match
from scanner.builders.mesh.patterns import (
    DEFAULT_NORMALISATION,
    Attribute,
    host,
    normalised,
    path,
    wildcard,
    yes,
)
from scanner.builders.mesh.policies import Text
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.patterns import lazy
from scanner.resource import dig
from scanner.unknown import Unknown, Value

LOCAL = "cluster.local"
"""In a policy: the trust domain of the mesh, whatever it is called."""
ANYTHING = Unknown("the caller chooses it", decided_by=("the request",))
"""An attribute that is not known, or that the caller may set as it likes."""
_SPLIT = frozenset({"scope", "permission"})
"""Claims that list several values in one text, with spaces between."""


class Trust(Struct, frozen=True):
    """The trust domain of a mesh and its aliases. sure: False where the settings of the mesh are not shown."""

    domain: str = LOCAL
    aliases: tuple[str, ...] = ()
    sure: bool = True

    def identity(self, namespace: str, account: str) -> str:
        """The principal of a service account."""
        return f"{self.domain}/ns/{namespace}/sa/{account}"


class Request(Struct, frozen=True):
    """The HTTP part of a call. claims: of a token that was verified, None where there is no token."""

    path: Attribute = ANYTHING
    method: Attribute = ANYTHING
    host: Attribute = ANYTHING
    headers: Mapping[str, str] | Unknown = ANYTHING
    claims: Mapping[str, Value] | Unknown | None = ANYTHING


class Call(Struct, frozen=True):
    """One call as the proxy of the destination sees it.

    identity: the principal without `spiffe://`, None for plaintext, an Unknown for any. port: of the workload.
    request: None where the proxy sees a connection only.
    """

    identity: Attribute
    port: int
    request: Request | None = field(default_factory=Request)
    address: AddressRange | Unknown = ANYTHING
    remote: AddressRange | Unknown = ANYTHING
    sni: Attribute = ANYTHING
    trust: Trust = Trust()
    normalisation: str | Unknown = DEFAULT_NORMALISATION


def compare(key: str, value: Text, call: Call, namespace: str) -> Match:
    """Whether one value of one attribute fits a call; `namespace` is the policy's."""
    if key in _IDENTITY:
        return _identity(key, value, call, namespace)
    if key == "destination.port":
        return _port(value, call.port)
    if key in ("source.ip", "remote.ip"):
        return _address(value, call.address if key == "source.ip" else call.remote)
    if key == "connection.sni":
        return wildcard(value, call.sni)
    if call.request is None:
        return Match.MAYBE
    return _of_request(key, value, call.request, call.normalisation)


_IDENTITY = frozenset({"source.principal", "source.namespace", "source.serviceAccount", "source.trustDomain"})


def _identity(key: str, value: Text, call: Call, namespace: str) -> Match:
    if call.identity is None:
        return Match.NO
    if isinstance(value, Unknown) or isinstance(call.identity, Unknown):
        return Match.YES if value == "*" and key == "source.principal" else Match.MAYBE
    if key == "source.principal":
        return principal(value, call.identity, call.trust)
    domain, found = call.identity.partition("/")[0], _PARTS.search(call.identity)
    if key == "source.trustDomain":
        known = (call.trust.domain, *call.trust.aliases)
        if wildcard(value, domain) is Match.YES or (value in known and domain in known):
            return Match.YES
        return Match.NO if call.trust.sure else Match.MAYBE
    if found is None:
        return Match.NO
    if key == "source.namespace":
        return yes(re.fullmatch(".*".join(re.escape(part) for part in value.split("*")), found["ns"]) is not None)
    space, slash, name = value.rpartition("/")
    return yes((space if slash else namespace, name) == (found["ns"], found["sa"]))


_PARTS = lazy(r"/ns/(?P<ns>[^/]+)/(?:[^/]+/)*?sa/(?P<sa>[^/]+)")


def principal(value: str, identity: str, trust: Trust) -> Match:
    """Whether a principal of a policy is an identity; a trust domain stands for its aliases as well."""
    if wildcard(value, identity) is Match.YES:
        return Match.YES
    domain, _, rest = value.partition("/")
    own, _, given = identity.partition("/")
    if value.count("/") != 4 or domain == "*" or wildcard(rest, given) is not Match.YES:
        return Match.NO
    known = (trust.domain, *trust.aliases)
    if own in known and (domain == LOCAL or any(wildcard(domain, one) is Match.YES for one in known)):
        return Match.YES
    return Match.NO if trust.sure or domain == LOCAL else Match.MAYBE


def _port(value: Text, port: int) -> Match:
    if isinstance(value, Unknown) or not value.isdigit():
        return Match.MAYBE
    return yes(int(value) == port)


def _address(value: Text, address: AddressRange | Unknown) -> Match:
    block = parse_cidr(value) if isinstance(value, str) else None
    if block is None:
        return Match.MAYBE
    if isinstance(address, Unknown):
        return Match.YES if block.everything and block.version == 4 else Match.MAYBE
    if address in block:
        return Match.YES
    return Match.MAYBE if block.overlaps(address) else Match.NO


def _of_request(key: str, value: Text, request: Request, how: str | Unknown) -> Match:
    if key == "request.path":
        return path(value, _path(request.path, how))
    if key == "request.method":
        return wildcard(value, request.method, always=True)
    if key == "request.host":
        return host(value, request.host)
    if key.startswith("request.headers[") and key.endswith("]"):
        return _header(key[len("request.headers[") : -1], value, request.headers)
    if key.startswith("request.auth."):
        return _token(key, value, request.claims)
    return Match.MAYBE


def _path(raw: Attribute, how: str | Unknown) -> Attribute:
    if not isinstance(raw, str):
        return raw
    if isinstance(how, Unknown):
        plain = normalised(raw, "NONE")
        same = all(normalised(raw, one) == plain for one in ("BASE", "MERGE_SLASHES", "DECODE_AND_MERGE_SLASHES"))
        return plain if same else how
    return normalised(raw, how)


def _header(name: str, value: Text, headers: Mapping[str, str] | Unknown) -> Match:
    if isinstance(headers, Unknown):
        return Match.MAYBE
    found = next((one for key, one in headers.items() if key.lower() == name.lower()), None)
    return wildcard(value, found)


def _token(key: str, value: Text, claims: Mapping[str, Value] | Unknown | None) -> Match:
    if claims is None:
        return Match.NO
    if isinstance(claims, Unknown) or isinstance(value, Unknown):
        return Match.MAYBE
    if key == "request.auth.principal":
        return _request_principal(value, claims)
    if key == "request.auth.audiences":
        return _claim(value, claims.get("aud"), "aud")
    if key == "request.auth.presenter":
        return _claim(value, claims.get("azp"), "azp")
    names = re.findall(r"\[([^\]]*)\]", key)
    return _claim(value, dig(claims, *names), names[-1]) if names else Match.MAYBE


def _claim(value: str, found: Value, name: str) -> Match:
    if isinstance(found, Unknown):
        return Match.MAYBE
    every = list(found) if isinstance(found, Sequence) and not isinstance(found, str) else [found]
    if name in _SPLIT and isinstance(found, str):
        every += found.split()
    best = max((wildcard(value, one) for one in every if isinstance(one, str)), default=Match.NO)
    # Which other claims are lists with spaces between is a setting of the RequestAuthentication.
    spaced = any(isinstance(one, str) and value in one.split() for one in every)
    return Match.MAYBE if best is Match.NO and spaced else best


def _request_principal(value: str, claims: Mapping[str, Value]) -> Match:
    """`issuer/subject`, with a wildcard at either end; the issuer may hold slashes itself."""
    issuer, subject = claims.get("iss"), claims.get("sub")
    if not isinstance(issuer, str | None) or not isinstance(subject, str | None):
        return Match.MAYBE
    issuer_is, slash, subject_is = value.rpartition("/")
    if not slash:
        issuer_is, subject_is = ("*", value) if value.startswith("*") else (value, "*" if value.endswith("*") else "")
    elif value.startswith("*"):
        return min(wildcard(issuer_is, issuer), yes(subject == subject_is))
    return min(wildcard(issuer_is, issuer), wildcard(subject_is, subject))
