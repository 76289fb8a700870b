"""The outside world: every reader turns its input into Resources and says what it could not read."""
