"""The resource API: what is declared, watched and described; and the wire form behind it."""
