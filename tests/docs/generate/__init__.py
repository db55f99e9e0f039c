"""The generated pages of docs/, and the one command that writes them all: `make docs`.

To add a page, write a function that returns its text, and name it in `pages.py`.
"""
