"""The commands beyond `scan`, one file each."""
