"""Site evidence: what the documents of a site prove about each other, and the lines that recur across them."""
