"""Signed heads: where journals stood, said by who wrote them, kept where the journals are not.

A chain of hashes shows that a journal was changed in the middle.  It cannot show that its tail was cut off,
or that all behind some event was written anew: what is left is a whole chain.  A head names the last seq and
hash of a moment, so it can; signed, it cannot be made by who has the files and not the key.
"""
