"""What manual pages, our own summaries and help texts say of commands and their options.

Pages are read here, in Python: no ``man``, no groff, nothing of the workspace. What an option of
a command line means is looked up by ``facts.shell``; nothing is guessed where a page is silent.
"""

from ducktypist.facts.manual.help_texts import HelpTexts, parse_help, program_of
from ducktypist.facts.manual.manual import Manual
from ducktypist.facts.manual.model import OptionEntry, Page
from ducktypist.facts.manual.page_files import page_dirs

__all__ = ["HelpTexts", "Manual", "OptionEntry", "Page", "page_dirs", "parse_help", "program_of"]
