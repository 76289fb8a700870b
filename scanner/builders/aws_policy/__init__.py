"""AWS policy documents: statements, conditions and their decision, in three values."""
