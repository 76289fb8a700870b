"""A recorded inventory, `tether.bundle/1`: every call to an API with its outcome, to be read again without the API."""

from scanner.sources.bundle.call import Call, Outcome, merged
from scanner.sources.bundle.read import Bundle, read_bundle
from scanner.sources.bundle.write import BundleWriter

__all__ = ["Bundle", "BundleWriter", "Call", "Outcome", "merged", "read_bundle"]
