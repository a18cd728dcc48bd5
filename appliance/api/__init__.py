"""The product for other programs of this machine: an OpenAI-compatible API on a UNIX socket.

`listening` takes connections, `exchange` speaks HTTP on one, `routes` turns requests into calls of
the product (`product.Product`) and what comes of them into replies, `tokens` says who may ask.
"""
