def graph(node):
    return node
