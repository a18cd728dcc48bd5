"""placeholder until first calibration run"""

UNIT = (6.0, 1.5, 1.0, 0.5, 2.0, 0.5, 0.5, -0.5, 0.2, -2.0, -3.0, -0.3)
UNIT_BIAS = -6.0
EVIDENCE = (1.0, 4.0, 2.0, 1.0, 2.0, 0.5, -1.5, -1.5, -1.0, -0.5, -0.5, 0.5, 0.0)
EVIDENCE_BIAS = -5.0
THRESHOLD = 0.5
