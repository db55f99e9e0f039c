"""At start: does the installed `ibapi` still work as this room relies on?"""
