"""What an archive may be, and what happens to those that may not."""
