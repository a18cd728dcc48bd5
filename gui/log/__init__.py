"""The compliance log: records, proof, export."""
