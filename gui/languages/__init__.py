"""The languages of the window: catalogues, the choice among them, and how they reach Qt."""
