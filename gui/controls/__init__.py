"""The few controls every screen is made of."""
