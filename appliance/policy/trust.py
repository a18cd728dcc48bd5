"""The keys that may sign policy packs.

Written by `packaging/sign_pack.py --new-key`; the private halves are never in the repository.
"""

from __future__ import annotations

from base64 import b64decode

from appliance.vault.signers import TrustedKey

TRUSTED: tuple[TrustedKey, ...] = (
    TrustedKey(
        name="Cloister policy packs",
        ed25519=b64decode("LZ9IefcG/N8ZUX8XW/8CLPLKmzEiEkYPFIJJauBehtY="),
        ml_dsa_65=b64decode(
            "6WaRM++OQ7VBSUeabkpMW3mqopy8SxU3fni4FtcqlL5ZL9XxvP+z+7OLj+2gO2S7Q42hbllBgLgx4RqO"
            "LdRkwUYmBCi9bzrUH+utsuDsuA8XY1uUiQun4GnOv/KnMeud2hKJndJnNpD7HhbtnwhL1t3NdJsFkJkm"
            "WKrZz8ABiu+fpw9ykhZjMJ49TOj9hLP8AHEniPxiNGZxBJRnwWJVPZGLpHcDn9xYKXcyO/tjCdCSYtlc"
            "AjEWzgTtNIBj8Lm7x9HKHM/jZ9hZVeh9K9vmpI9a6RlSJbcxqbyTG8M3S6g5EPfdy3hk9LNjrZOxoFhZ"
            "s6JYtdKMhPAj7QJxlj6PQZTek9VWgbK58EZ7c8r8WSXB+6xrm/RXnKKZ9I7Qmc0/iZxQGyPFGfAIdqVa"
            "gsbXTWRMblk7NKEwEXEjOonCTi4JMboA2ZYcsTx4A2xsYZhEIf6V+0IuuhmUUqkRY6CGwEow5OkqFUzE"
            "pXE16TkNFl38W2ZmHlwiiwss91QjWQft12oCQ9+k4AUNgdqCotxIw78wSdxaLDJpAMJz3dWyIFfZR/gA"
            "FeV+6leWKSB0H+cHqFn5p9Qyg8k9wNoiXiISYHa8KM4dF+4oQEyw/mxt0Ld3C9rlhCTRpL8vbUwa6uWQ"
            "85V1QesVwwvIHC+PLAY+3LSruMZWG61jsmUyM0X6Ni/5QRd1fKppceubwzd8lJKsN8l6Pb9jl8ASazop"
            "QCeLEIGBKbbsXjwXVbNFLWNS0ud251g9AlkU1tvKYM8k5dRp3ii9ADEJ3bU2Z+i/0L3qBn+AVzC3n7TZ"
            "Ekv1RePTf5+H3Cd1CMR7OJlpd2vAHxataQWrgP+tKM56q3D/5WV5Fbmsji0rgYEbZ19VWckPaWAuOQIy"
            "fJseGSdXovhkU/95LEiq6jM7PZpYQVs6oooVGE1Ip8WKoOtCVVEB5v5Hnkg9vQLNM96uX5ch+d4EmCJ0"
            "W/lRZjHzVGRwF0OgxGyPrGr6KT1x7rso6ij64tAud+CTqi0z/HxSXVYC9GQl8s0e1iLi0UWQT77xH59x"
            "C6EcjXbFK/3BhDKAVmxgq6WQamc65YH8wkybGu7s9KrTw2um3I5XwQ6ti5k40aAJUmO9zbtFbClIByyQ"
            "3XwtelwdDSkw33mRTLbXrgcit2bytz5kRyIPKbiMKT31t0ak8cNSkidElZAdTehVbpFUMZie52R+wymA"
            "1rTytJN6FIHOND5y1s1fZqT+XsIYzO5nRjv7Kj+1/IWnNcyDQxfP70ezhDaZRoVnyk48hTlx4ek0765z"
            "BILp2RDaZ34RC24CvrHbderDyM84nsf1Mcln4mwHHrYU3DUuT6EFthLQ1cvBYJ8ClVFwGdV6Mgo8u1nN"
            "vGrKY/MY7KfSXUk3uH3spIl6AeI9UJMUR5xdCkWKtgO8xI34Da0G7SAHjlzU+vVd29ZeAXWBu+FeJhBR"
            "it2V3nVs0gG5saGWUWpDxPJ4O3qiUneIgLLCPaa/dcTFRA/KFej8CAc4a7BHWdmT0MmKBw4QEsSuYjpC"
            "T0wVYmTegyXscElYmdFThuFfR+2EqIPubHK2XJORIgr+LkKJm4pTrVWPLu1E9Dk76FQIbLrJFBcEyzDd"
            "kAas/kY6A3xhwkhkqyzKSraC+jd7b1O2Lz9nJQPD9zHrpdo+EzS/+COpzDK6FCdOzNuTeIyQNXlhJerJ"
            "XDDOEI7uUmht4lvRTUA9CgyLdlgdRprqnT43KbktgtxYcsRMuTECWXOdD1tLDHCEnURtSd43+DcWalZU"
            "Yhsx+CKWpop/cX+ObtZExfVyNnWZ9vxbRGq2aEMaKmQyipDjL41Upf+tp/9BJX7yN+TG7jYhBFqzTPMS"
            "mk5Aw2R737x2oBtc1wMiP3KUpFIoPc0Rw9UuLfDdeFX5pjs+dV+BRwjqBpSWknYBFwP1mpPdperd4WkG"
            "Gi8W8He0IrF6cA4Kii/mR/EgDBkx62rX5QNB8bJZVBZNKTa6e27hrAcUNMaEHY0lL0nZLZFl7kJ3JiBM"
            "/dM5t2PUcs5J+LaS5n4WmoToXoCw0d39uaM+CEM5Pdh5lCXnQ5juYopUyb2VQTDWlQz8hcvr8OaOf3Od"
            "PzZgvnONQXQLXjQ9smfBY4T36/UdT0Z6W/OiFrCm/RA5gOTw1h4MMI+hjpl5J24q+g7uqsMG22KZuAIa"
            "AYryPj3r/hs7cP0cQHrSynDUluBGIl106NnEHnXiqCHjkuwT9hfkxR1R84v5Nc5sXOB4GQIOPfG1zji/"
            "UEzUJz8ymY31b+feTSXrg8VFu5XvD36VG6yKygkjHHSD/mXAf3RRfqb+ddnFGwjiF4GZDybSYLwFgP9O"
            "HXg9t1yjkWQ/mAXe69kCw8WozPAP0k3L2LuWrczysicFhUVvqCHh5DfSqJ/ITzJ7ahWfpEynnrwh+Dk0"
            "J3jjJJf5ITdodJde8b54n1cPBMU4hURl8X6zNSbjqv9nu/ayWi2RikTADOq/Nf8FTcAnsQWciyIAcOZm"
            "IqpfgR661D6OeuDXqjppXOBdC7jNhR1AeGW8b5GgeafMMA6lE7luW6Gj3oxfWcSMIHc7xuH8uw2FMG28"
            "CmdQMqBcIKwziEtgR9xAtX7LoV7h2W4MK8GpkXOt5b0="
        ),
    ),
)
