"""The product without a screen: no Qt, no sockets but AF_UNIX."""
