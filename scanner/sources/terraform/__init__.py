"""Terraform: text to syntax, syntax to values, values to Resources.

`find_roots` tells which directories are root modules, `read_root` reads one. How a Resource's attributes look,
nested and dynamic blocks above all, is told in `blocks`; how what is not known looks, in `scanner.unknown`.
"""

from scanner.sources.terraform.cache import SyntaxCache
from scanner.sources.terraform.parsed import Parsed
from scanner.sources.terraform.read import read_root
from scanner.sources.terraform.roots import find_roots, signature
from scanner.sources.terraform.variables import TerraformOptions

__all__ = ["Parsed", "SyntaxCache", "TerraformOptions", "find_roots", "read_root", "signature"]
