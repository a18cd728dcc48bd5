"""The kiosk: one window over the whole screen that a visitor asks, and cannot leave."""
