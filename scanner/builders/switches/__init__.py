"""Safety switches in their bad position."""
