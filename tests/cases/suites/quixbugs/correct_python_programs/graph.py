def graph(node):
    return node.next
