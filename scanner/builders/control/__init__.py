"""The control plane: who can change or switch off the safety stack."""
