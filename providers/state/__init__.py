"""What the last run left, and how it is written down: state, journal, cohorts."""
