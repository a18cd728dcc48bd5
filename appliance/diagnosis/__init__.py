"""What is looked at to find out why an installation does not work, and the bundle for support."""
