"""Where every thing stands."""
