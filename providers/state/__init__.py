"""What the last run left, and how it is written down: the state, cohorts, the journal."""
