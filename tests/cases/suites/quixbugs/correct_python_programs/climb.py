def climb(steps):
    height = 0
    for step in steps:
        height += step
    return height
