"""What methods need and ImageJ lacks: pure functions on arrays, one file a method."""
