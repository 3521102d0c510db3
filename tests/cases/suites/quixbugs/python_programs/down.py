def down(number):
    while number != 0:
        number -= 2
    return number
