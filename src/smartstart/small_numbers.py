"""From how many people on a number may be told, and how coarsely: the policy behind every gate, in one place."""

from typing import Final

# Owner: functionaris gegevensbescherming; why it is so: docs/explanation/disclosure.md.
MINIMUM: Final = 10  # a smaller count may point to a person, nought included: it is not shown, and forms no group
ROUNDED_TO: Final = 5  # what is shown of counts, and of shares in percents
