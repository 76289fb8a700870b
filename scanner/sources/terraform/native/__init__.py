"""A strict reader of HCL's native syntax: text to tokens to the syntax tree, faster than the grammar of python-hcl2."""
