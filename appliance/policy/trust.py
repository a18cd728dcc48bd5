"""The keys that may sign policy packs.

Written by `packaging/sign_pack.py --new-key`; the private halves are never in the repository.
"""

from __future__ import annotations

from base64 import b64decode

from appliance.vault.signers import TrustedKey

TRUSTED: tuple[TrustedKey, ...] = (
    TrustedKey(
        name="Cloister policy packs",
        ed25519=b64decode("RuCuhCbDhtWZ2Vh39ICwgCFc4KATX3gzyeJEg3E6YKI="),
        ml_dsa_65=b64decode(
            "JCj9/5/Y9Kh7b30q0cd+61Kv/5GEnadd7wCN7gabSPCF5IjJOaafGSMyZD142qndxiHYkjtmkVJdrjNe"
            "OcyuESYT1DmEBt5rUVnm8keLqk4gq98TUsa+Babbn7cxxSpiV8YSD0JdmZI8iNU7odhrSO9KFumBcA4J"
            "e7sC6BN8HKEWvDcNBRPYVWf7rjVoyr9TaiOA6mAPI1XtEOS2inMzq21D/uCHegRv6uYpr7Z2k7XcTmp5"
            "EYaidkynpVuTjVi41SityA5WVVRaKouPkKICvDQKDKBEVqzf5bJsb0tGce7tk0+8z58qM9u2rjy3QjDT"
            "ZQSUCUorjm3N/ZSwKuItl6Qs+0iy9EdT2nksY4jIiOu4vPZ/BXzOEzOHT7mdXw3NzCh1h5KBCUgDRfcZ"
            "i1L/ii8f8H8UBDdQsdrAdUdE2Kfugtj4la2Rud0zLMZd37bt8Rik5Bm7UqmNxgnFNo/V2LlA20nngwgP"
            "nETECdZtSlQKZNBwYOS44vwQWLz8s1bdv1vnkwA+J7iXyUQozpcaQXWcIfQi4CXqMY4vi6nVrXcc8UxG"
            "nLI6DhADo8541lkvTapjeptjXATGf2EkLfoWmevr8nTz87BkkkmXJwEmobIIDc+7pXr1gNmbpTVlbLiF"
            "c2I0jKTeG8M2cGsWOBvs876spWup+iw3WFsKY9ePaWRN9sFC+ioUPkkCe7/5aWr9k9R1RA/xBzVHWGPD"
            "8IypI9dOscUWaTDerx5WsYpiOVerlHDGIOh6mrkgU7SYOTbWyMqDC9sEEK1kbPpngY6V5HQMhwwCrGqs"
            "LTvxmkMJ4go3oLfBCbX8nd545BHY26Dq2tkFibk/NQMmACz5Bgcl9oiHIIb9MzGz5nEP/QFH6NjMMAFs"
            "Rg45UBqDLCb0P1SNjbxzQw12CubsFa6dWvC5oZ8bKNTTdfpyI5uJj3PZv72t+NVCxVG/cse+3g8I9XB8"
            "WqA4mmbAYdyRUHhYaErfEfoReIRtSp6ebcE/UZTgikFSATS6LiqV+bdIFOMAmAWBz27HI15r4HEZ21mE"
            "szWHqJC9irNdxsK28gSl96LR8D005Y8GO8bRgvUFsTBZlgJhKbTxDSYmP3/ABgF/it1IjOmfvKk/RzPP"
            "BNi/ABQDJM00ipfLXySeoOEFx+U3pyuWGAjLJ8Rf8RNYnzR2F5C+unE3lYzznuAAHoHmlSDn4niQh6k2"
            "uOkh3JSTSiFvtYXraGQUJpm/5ktMK9svPcNfwPedfKvUsST054U6L6AiO+X+7fguhLMbnrx2OduJKrR5"
            "Tgosm+3P1h83dq5fv9+W2egK2Nn3BW0/1Kb/pHFFPSewS6ev1TjD2ebWENtU/R5oI05lhYo0ljkWrSmB"
            "keMkZE1rHngEnXUoHQthcZrvbnOwlDV98sZ1zR7SK6PxgfMbUssv1ZLqImgJC2LBHrfz9L/m7RBZ7Stg"
            "Su2SiBEv/gPpjvKM0Ryj1F7YozmT22h/B21sZdqyArV3EE2qk5yM6a21Jcci9TTS2e25etvi83f+cbjN"
            "2RwTPcEetbFyqs53/mr6Q7ME0kcL3YYhkYF89UcnJLYDV2Q+LV1V6xFoZFOc4p3egcunWpWSIPw3iwtk"
            "uQcKyc9vBNdNzvd+mOiW2wOY97HlSRBzh79kPOcZkBYIfgsxSkOignyRU1CNDNGgDWYetP22sP/f3t11"
            "s+c5QxLzpPmXr+f4OaPxXf+o76VvVoLPe4SR9DTmE7vmdFCJxrjzZdGDPoE92nkvBUegGSp9nkW/MMVD"
            "hM76Bw8umy5QbQJubLaXRKfq63ZUKqp6QOFWe31EEspTZ7aNWGWjnBE47OHS6XQQiLp94Gv7cySZDJKC"
            "WT2ld/IkpYDfYpL9vX3sorUopMCsRDQd1WENGU9yYLsMaWh/hEVBE9Ybh8UAiiUSi89kefajBJkpAWeN"
            "VM72ZCn8aw6DKxjaEBLq/RASnF1/PN92rKfdxd609RR4gnsAYYd7U6WkeGg/bCZXqDU+bGiSO2I74Xz7"
            "oHzPHEsSMNAh5G6z1nbPlzoemItd6iuHg0JSIZGvPh9mNZ9bDmDZktcF6c2IYsE5nma5hEp20VDY77sm"
            "ieGxNp7+lJynOQyu9yI5zhgLz/RGuxxrZncFjA8h0epgk3cXwnCZqTAk9u5Q3BQqbyI85cvGLxRoneV5"
            "6SadDSQ7nbsh1Wp4OSWPoEJeZP0DSDHLLhMmDw+3dWiVcalfsiL05mApdkKZq0QJFJbXwZ7S1QQLLEoJ"
            "DBD5pdcoK5gE3jQC+DCxRlSAU6YzcMMJCwUvo69VNEXVdJ7Tkb51MnyLCVJnFVEfoEDSxRnYmTKZVRbe"
            "MQogdlis5nnvg569NFwksty+MA6n6g9B+SoDu1yKF6btG0VqDmeKwhTK69a/h/0Tjbn0PHFxLj9dbFD5"
            "ACdJkRdXUZihQ//+2Z5cLZ5rpnCrPag7AiBkrQww0GX5RFewDwiU68+9ZQl0YTiln1nrlXCybxUGqJbL"
            "j9ZYMVSyieMaMiZ0g2EVCKco3qJ5ux0/9NoNPkSTy3oehFDjTwZl27096Zk3BbOhuYZixyy8SUmAvHOZ"
            "GGNqZQwlLHIbz4lCLPkToKmIzCj/bo6mM8UPC3PIO7c="
        ),
    ),
)
