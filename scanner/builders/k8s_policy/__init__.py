"""Network policies of every API in one normal form, and their evaluation."""
