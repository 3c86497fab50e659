"""Reading what people wrote: a YAML file becomes nodes with places, and nodes become checked values.

`config` and `posts` stand on this. A file goes `source` (bytes) -> `parse` (nodes) -> `shapes` and `values`
(what a key may hold, said once, for the check and for the JSON Schema). Whatever is wrong goes into a
`Report`; nothing here raises for the content of a file.
"""
