"""What may not change between a baseline and today. Each check says what it found; one that cannot run says so and fails."""
