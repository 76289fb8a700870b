"""A run beyond its formats: remembered in a store, told to a webhook. Nothing of it changes a verdict."""

from __future__ import annotations

import os
from argparse import Namespace

from msgspec.structs import replace

from scanner.commands.remember import refuse_below, remember, store_of
from scanner.commands.tell import TellError, post, webhook_of
from scanner.errors import TetherError, UsageError
from scanner.findings import Report
from scanner.reports.view import View
from scanner.scan import Scanned


class Beyond:
    """Where a run goes beside its formats. Raises UsageError, when made, for what cannot be used at all."""

    def __init__(self, options: Namespace, report: Report, scanned: Scanned) -> None:
        outputs = scanned.profile.outputs
        self._report = report
        self._scanned = scanned
        self._series = options.series or outputs.series
        self._store = store_of(options.store, outputs, scanned.request.profile, os.environ)
        if self._store is not None:
            refuse_below(self._store, scanned)
        name = options.webhook_from or outputs.webhook_from
        self._webhook = webhook_of(name, os.environ) if name else ""

    def remember(self, view: View, failed: list[str]) -> View:
        """Keep the run, and let the formats tell of the past; where that fails, `failed` says so."""
        if self._store is None:
            return view
        try:
            kept = remember(self._store, self._report, self._scanned, self._series)
        except UsageError:
            raise
        except TetherError as error:
            failed.append(f"the run is not remembered: {error}")
            return view
        return replace(view, past=kept.past, first=kept.tally.first)

    def send(self, view: View, failed: list[str]) -> None:
        """Send the message, if one is to be sent; where that fails, `failed` says so."""
        if not self._webhook:
            return
        from scanner.reports.webhook import message

        try:
            post(self._webhook, message(self._report, view))
        except TellError as error:
            failed.append(str(error))
