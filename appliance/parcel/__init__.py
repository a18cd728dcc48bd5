"""What comes in and goes out on a stick: backups, and parcels (TUF repositories)."""
