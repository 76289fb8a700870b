"""Stop controls that the profile names: what they stop, who may use them, when they were last tried."""
