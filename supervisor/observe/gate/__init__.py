"""The gate for programs: one small file of each gateway. Standard library only, because programs read it with this."""
