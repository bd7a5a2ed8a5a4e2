"""What municipalities exchange: summaries in three tiers, the agreement they stand under, seals and masks."""
