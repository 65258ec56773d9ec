"""What the documents of one site prove about each other, and the lines that recur across them."""
