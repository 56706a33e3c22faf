"""What is, and the loop that closes the gap to what is wanted. The only process that touches Docker."""
