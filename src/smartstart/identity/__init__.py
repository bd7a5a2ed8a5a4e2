"""Who is who: keys, pseudonyms, and the encrypted vault. Nothing outside this room sees a BSN and a name together."""
