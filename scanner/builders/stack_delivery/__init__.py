"""How the safety stack is delivered: from whose repository, at which revision, with whose signature and keys."""
