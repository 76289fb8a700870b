"""What can deploy or join anything, out of sight."""
