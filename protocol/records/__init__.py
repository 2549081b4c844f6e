"""Every record of the wire, declared once: name, type and position on one line.

The comment behind a field is its line in the tables of docs/protocol.md, which are made from here.
"""
