"""Compiling models. Build machine only: nothing here is imported by the appliance."""
