"""What happens when something goes wrong between any two calls: the crash matrix, and bugs seeded on purpose."""
