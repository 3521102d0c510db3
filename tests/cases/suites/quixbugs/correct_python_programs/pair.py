def pair(a, b):
    yield a
    yield b
