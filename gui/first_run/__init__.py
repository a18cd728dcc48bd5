"""First run: the vault, the recovery code, the first collection."""
