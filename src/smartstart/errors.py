"""One tree of errors, one exit code per class.

A message is one sentence: what, where (file, row, column), what to do. It never holds a data value.
"""

from __future__ import annotations


class SmartstartError(Exception):
    """Something went wrong; exit code 1. Several arguments are several sentences, a line each."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the sentences, one a line."""
        # a name from outside, of a file or a key, may hold a line break: it begins no line of its own
        return "\n".join(" ".join(str(sentence).splitlines()) for sentence in self.args)


class UsageError(SmartstartError):
    """The command line or the configuration asks for something that does not exist; exit code 2."""

    exit_code = 2


class DataRefused(SmartstartError):
    """A file as a whole breaks its contract; nothing of its delivery was loaded; exit code 3."""

    exit_code = 3


class PolicyRefused(SmartstartError):
    """The programme, the law or the protocol does not allow it; exit code 4."""

    exit_code = 4


class StateError(SmartstartError):
    """The workspace is locked, changed, out of order or damaged; exit code 5."""

    exit_code = 5


def nearest(word: str, known: list[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the known word closest to ``word``, or an empty string."""
    from difflib import get_close_matches

    match = get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean '{match[0]}'?)" if match else ""
