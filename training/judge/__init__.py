"""The large judge of real words: all-mpnet-base-v2, its upper half fine-tuned on open text and published news."""
