"""The keys that may sign policy packs.

Written by `packaging/sign_pack.py --new-key`; the private halves are never in the repository.
"""

from __future__ import annotations

from base64 import b64decode

from appliance.vault.signers import TrustedKey

TRUSTED: tuple[TrustedKey, ...] = (
    TrustedKey(
        name="Cloister policy packs",
        ed25519=b64decode("R63a3rSRp7iDcFZs2+JxIsOSeTK3v/X35qTThj6tix0="),
        ml_dsa_65=b64decode(
            "jLcTbQhBpOUSTDH6yLmm53KXRRqvOJ4CWky8y711sbtMz0N0hq+tPxgaye9yn8Ms24ElM+KWbYaqA9qX"
            "oiRhw0/kI1rd7A/kXAnurkRczsrh8mrJE6a3nELL67SBUl+vc80v2UehLHVX4yUoP9qP6fEElor1Q5h+"
            "aafi2das9N54kVvWa5CLOIE+DABiLBEFf3JhxmqowiyNQlRkpCzsJKBUl3KOwmh3aWmMFuSeKr6a0OcU"
            "ikgAx6xuSSGmmM6WZk/4XNy03butgbAcYcmROhmaqqERINXDfpJoqpmdzlYLVYVWtgzYh8zRJyughPUH"
            "FAxwqemkUnzMJeTeg6WbNU5w+Kfx5oMVgSz3WBnu5T+6Xi0GxKMOTL6kb8Dmy36LjqhGZatFkLKDzS3B"
            "qMgd8ZEUdgOAW09OOZIAKw0jHFtZnl6zt7x6DCmDqy9eC+JWC4BfpROBKdAp3a6PwaGNfHtQUve4ho9Z"
            "FZiBwM2V698vsSrgfB8AmKm1wJ7Z4H48dl7Gw2c1c5swKFcd9pag2jp75ClhJqqb4zw3h1zFD0eWycFs"
            "aEk8aoBz9RUOVBp6VG3PTaov1SLGtgc2jHMvgwXd1RSABsu3sxiMYnleXstl+BT86alwzKVGEQM18hML"
            "opQFiwRHviTObKXJu0ob0GfwPCeCHFLyGrt78p4F1FlYF8Le6CU9VCRn2yUEIBt6r8JmArIampyuKX40"
            "dPMY+3hI1P7MGtQCPbZiJ6ZHZXR6eJbUFiuAnDHx5LcYOsWO0myJD2R+a+BZHUfhIrUSU42EWC0PFQ0I"
            "C+UL+l0ttGIKej+64M6p/cghjWWZnLxNmKtxQlDnPdH80/aiYv/Ma3zky5Mxx5c5Xmxrz6tNIz859SdN"
            "H2d9/a9qEirDK3eDcB+PlJNtJqhpIN439X6CQGsvJK3uz1V0rhBTTQOpe723T99NPo0hiNT9pMM7gC6P"
            "+qYaxpJd8ffqpLHWkLiIGHxJJhRJXfNcXCKd1/CaHZ371RPYdmKnJhlu21+RulmXOvtl6JtXj4R9ZZXj"
            "rtlQfcJSj8ZrIb8duHl0Kh10evEL26eq649KgjgA/C054sjps4sMDaoEqvB3xKguQ43hTsix9cZgsdQA"
            "DVv8qe0mI8iQhy7Z4cc+awTiQril9zeCboGs/XTiDLTzpNFcXsg9/7vVtL4z4he+PLutTTn0wDXZAM6K"
            "eU8o8jlFN/pw545INUfH6/IgPfNGCW9gY382Pq1jNfR7rMzpPdLbGTTaswKwL2abtSt4uo7G6jQfilKH"
            "NZ4tOVa9zmL9HiuLXeAZG4ONZm+ojN4lhLt82GHvjJylc9Hb9Z//5jjUFrZcezJg5XZf4FdupG9U1wMs"
            "KqGxXSFD+R/TOMzt861urUKURBDGt1pFEvFZ3yLHwDn82Lu8lGk2OH9IaRJrlMND0WlSLmSJmsy3AG4g"
            "TRQqco26Q+JgrWfUtm1pJrrxE33P32nY3t569ATSdtpZeaNlY9KmCuO+BO/sGIzOcprkfIgNVFpalsU9"
            "O1uymIpbf99aE++GARmxINHfGjHSmixaIw26teXx2nkPcSGFusliff8+2fscf3Z3ToTi3RH8dDq3w+CR"
            "xEoHtJhgd0Qyra1bp7qWHoVP4Qtg/xpYDEZHu+rQFgdzB2MhT6IDtc1fGobqnSO5jJlHB2T5eVUWoQv7"
            "Raltuv0OwiQjA83gMs1LV/DWjvBbLBS+Qzvz2F+XbxuVKjLr0bDQivv1I3UQP0T/KPzNOCRckejbBcin"
            "Ji3sg0uVXl59StIgm8A6Eh13Rkcm/LebJCsysU+/mmsDJKXaR1KACv1CnTyP2mMD/bPhTn9NVTTdRsid"
            "kzD1AcooGigAoVCwFi9RyF+AHbOkLMG+7QqeFfFUFyqF+B+LOBnKwStM/bhh0NIbTSrFV6jJulZZwgcz"
            "3vRLpIBd4pHd+huaDgs5uWocbiCOvYe4crvjbHRDQdaciJgBUtmKrb7dvARIvRE0bulsnOBg/dsZMlgC"
            "0J1stLujlX6rO8zgGjw+dzhJXxm8dTWpmLPt7sSN/3DW3VLaAFy6VfwQKD8AP83pS3k0rJHCqUROM+W6"
            "/7zc6jYF0bEs0WEL7ScAQVUbWCkwQJf03rU8NdohtRuxNEFJTvtZUcBQlm2AhLnKCzmQBzVlqDuhSfkF"
            "j/3X4RdHixy1xBDSOQt8tyjtQI+gOpbnyvq1AFvi0o9Jed1ysY/dL9UeTmyrLczUQebZo9rhcWvCbrLq"
            "cB5WVTxZNjc0iV37JYIrpYO0hiNrevo2vgbfFjv97IEWX4iQAwkyMLvm+q70REMNPZyDzTSGeaYB90oJ"
            "8TXJUTDmqlh+k3pNI9cIfwRvKHCuQTYFsi70Wsbhxxr4DMrKDSUud0Db1gSWzvdNCPPw2/GIu9CYVGGJ"
            "MPxylummjGCHYMHDnMHfNHBbIj7/sQ+weL4CwZewBgdmfWxc1TOBJVj7ijiIMstN06f0KtAS/JadRgCP"
            "s70WiWZ1CweD01A7mY9V9e+bOqZlg6vQ2H8xhiOjjoxaI8DqcGdRkM3x+CQ9CHaddhUxyPB8OWTUrw0D"
            "9l91a3BpO7QiUwT7F/BoTwYb4sh3IoA/vt3T00UWCL8="
        ),
    ),
)
