"""What is kept of an answer of AWS: plain JSON, and no value that is a secret.

Values of variables are recorded as in a bundle of Kubernetes: those that a table names, the others as salted digests.
Start scripts are kept where a table knows something in them, without the secrets that they hold; of the recipe of a
Greengrass component and of what a deployment sets for one, what it brings to devices alone.
"""

from __future__ import annotations

import binascii
import math
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from scanner.sources.aws.recipes import reduced, reduced_settings
from scanner.sources.kubernetes.recorded import digest, script, variable, without_keys

HIDDEN = frozenset(
    {
        "PreSharedKey", "CustomerGatewayConfiguration", "HeaderValue", "FsxAdminPassword", "AttributeValue",
        "MasterAccountEmail", "Email", "Username", "User", "Password", "password", "SecretAccessKey", "SessionToken",
        "HECToken", "AuthParameters", "MasterUserPassword", "SharedSecret", "SecretKey",
        "lifecycleStateDetails",
        "Input", "InputTemplate", "EventPattern", "PathParameterValues", "Sql", "Sqls", "GraphQLOperation",
    }
)  # fmt: skip
"""Members whose texts nobody needs: keys, passwords, headers, the configuration that holds the keys of a VPN, and what
schedules and rules hand over, of which it counts that there is something."""
SCRIPTS = frozenset({"UserData", "userData"})
RECIPE, UPDATE = "recipe", "configurationUpdate"
"""Members of Greengrass: what a component is, and what a deployment sets for it."""
_VARIABLES = frozenset(
    {
        "variables", "environment", "environmentvariables", "runtimeenvironmentvariables", "stagevariables", "env",
        "airflowconfigurationoptions", "defaultarguments", "nonoverridablearguments", "connectionproperties",
        "hyperparameters", "parameters", "outputs", "headerparameters", "querystringparameters",
        "pipelineparameterlist",
    }
)  # fmt: skip
"""Members that hold names and values of the user's own, as a map or a list, in small letters."""
_NAMES = ("name", "Name", "key", "Key", "ParameterKey", "OutputKey")
_VALUES = ("value", "Value", "ParameterValue", "OutputValue")
_METADATA = "ResponseMetadata"
MAX_DEPTH = 100


class TooDeep(ValueError):
    """An answer that no inventory has."""


def page_of(answer: Mapping[str, Any], salt: str) -> dict[str, Any]:
    """A page as it is recorded. Raises TooDeep for one that is nested beyond all sense."""
    found = {key: value for key, value in answer.items() if key != _METADATA}
    return {str(key): _kept(str(key), value, salt, 0) for key, value in found.items()}


def _kept(name: str, value: Any, salt: str, depth: int) -> Any:
    """A value below a member of this name."""
    if depth > MAX_DEPTH:
        raise TooDeep(f"more than {MAX_DEPTH} levels")
    if name in SCRIPTS and value is not None:
        return _script(value, salt)
    if name == RECIPE and isinstance(value, bytes | bytearray):
        return reduced(bytes(value), salt)
    if name == UPDATE and isinstance(value, Mapping):
        return reduced_settings(value, salt)
    if name in HIDDEN and isinstance(value, str):
        return digest(value, salt)
    if isinstance(value, Mapping):
        if name.lower() in _VARIABLES:
            return {str(key): _setting(str(key), one, salt, depth) for key, one in value.items()}
        return {str(key): _kept(str(key), one, salt, depth + 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        pairs = name.lower() in _VARIABLES
        return [
            _pair(one, salt, depth) if pairs and isinstance(one, Mapping) else _kept(name, one, salt, depth + 1)
            for one in value
        ]
    return value if name == "AccessKeyId" and isinstance(value, str) else _scalar(value, salt)


def _setting(name: str, value: Any, salt: str, depth: int) -> Any:
    """An entry of a map of variables; one that holds more is looked into."""
    return variable(name, value, salt) if isinstance(value, str) else _kept(name, value, salt, depth + 1)


def _pair(one: Mapping[str, Any], salt: str, depth: int) -> dict[str, Any]:
    """An entry of a list of variables."""
    told = next((str(one[key]) for key in _NAMES if key in one), "")
    return {
        str(key): variable(told, value, salt)
        if key in _VALUES and isinstance(value, str)
        else _kept(str(key), value, salt, depth + 1)
        for key, value in one.items()
    }


def _script(value: Any, salt: str) -> Any:
    """A start script, in base64 as it came: kept in part, or a digest."""
    if isinstance(value, Mapping):
        return {str(key): _script(one, salt) for key, one in value.items()}
    text = value if isinstance(value, str) else str(value)
    try:
        plain = b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return digest(text, salt)
    found = script(plain, salt)
    return b64encode(found.encode()).decode("ascii") if isinstance(found, str) else found


def _scalar(value: Any, salt: str) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return without_keys(value, salt)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime):
        at = value if value.tzinfo else value.replace(tzinfo=UTC)
        return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode("ascii")
    return str(value)
