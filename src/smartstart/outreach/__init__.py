"""What a midwife practice holds: one A4 with its own clients to invite, and the questionnaire to fill in.

No score, band, stratum, BSN, address, reason or arm ever comes into this folder, so none can leave it.
"""
