"""Reads manifests: YAML or JSON from files, folders and standard input, checked before anything is sent.

May live here: how a document is read (``yaml_reader``), where documents come from (``sources``), what is wrong with
them (``check``), and the words for both (``documents``). Nothing here speaks to a server, prints, or knows a
terminal. PyYAML is needed, which comes with the extra ``cli``.
"""

__all__: list[str] = []
