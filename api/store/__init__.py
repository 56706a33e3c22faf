"""The records: the only code that speaks SQL.

It hands out the values of `api.resources`, never rows. Admission rule: tables, transactions, and queries; no decisions
about what a playground needs.
"""
