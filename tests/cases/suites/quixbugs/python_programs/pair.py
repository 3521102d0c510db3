def pair(a, b):
    yield b
    yield a
