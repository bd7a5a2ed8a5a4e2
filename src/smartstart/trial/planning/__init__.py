"""How many women an answer takes, how many years that is, and what can be known before then.

``scale`` and ``event`` say how many women, ``inflow`` how many years, ``assurance`` how likely success is under a
stated belief, and ``prognosis`` what knowing more of a woman beforehand saves.
"""
