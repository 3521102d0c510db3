def down(number):
    while number > 0:
        number -= 1
    return number
