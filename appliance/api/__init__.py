"""The product for other programs of this machine: an OpenAI-compatible API on a UNIX socket.

`listening` takes connections, `exchange` speaks HTTP on one, `routes` turns requests into calls of
the product (`product.Product`) and what comes of them into replies, `tokens` says who may ask.
"""

SOCKET = "api.sock"
"""The socket's name in the data folder. It stands here because nothing that starts threads may be
imported before the guard is on."""
