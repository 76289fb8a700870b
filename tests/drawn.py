"""How much is drawn or tried of what has no end: an ordinary run takes some of it, TETHER_STRIDE=1 more."""

from __future__ import annotations

import os

WHOLE = os.environ.get("TETHER_STRIDE") == "1"


def some(usual: int, whole: int) -> int:
    """How many to draw."""
    return whole if WHOLE else usual
