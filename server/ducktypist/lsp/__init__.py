"""The language server: everything that knows LSP, and the only package that imports pygls.

Importing this package imports ``lsprotocol`` the quick way (see ``fast_import``), so that every
module in it may import ``lsprotocol`` and ``pygls`` as usual.
"""

from ducktypist.lsp.fast_import import import_protocol_types

import_protocol_types()
