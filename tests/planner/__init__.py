"""The decisions, as tables: what is seen, and the plan or the report that follows, compared as text."""
