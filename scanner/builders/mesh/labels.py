"""The labels of a namespace that take its pods into a mesh of Istio."""

from __future__ import annotations

INJECTION = "istio-injection"
REVISION = "istio.io/rev"
DATAPLANE = "istio.io/dataplane-mode"
