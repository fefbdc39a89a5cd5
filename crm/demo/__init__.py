"""The demo branch: invented staff and clients to try the product with."""
