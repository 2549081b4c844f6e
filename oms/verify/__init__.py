"""Whether what was logged is what is there: a verifier that reads files and yields what it finds.

It believes nothing but the key that signs heads.  Without heads a journal can be shown to be changed in the
middle, and never to be whole: its tail may be cut off, or all of it written anew.
"""
