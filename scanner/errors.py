"""The errors that end a run, each with its exit code."""

from __future__ import annotations


class TetherError(Exception):
    """A run that cannot go on; the message is for the user, `exit_code` is for the shell."""

    exit_code = 4


class UsageError(TetherError):
    """Wrong arguments, or settings that cannot be used."""

    exit_code = 2


class SettingsError(UsageError):
    """A settings file that is not valid; the message starts with path:line:column."""
