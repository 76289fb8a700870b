"""Long-lived credentials of model APIs."""
