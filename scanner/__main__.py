"""`python -m scanner` is `tether`."""

from scanner.cli import entry

if __name__ == "__main__":
    entry()
