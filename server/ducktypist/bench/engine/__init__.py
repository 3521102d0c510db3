"""``bench engine``: the host beside a bare loop and llama.cpp's own server."""
