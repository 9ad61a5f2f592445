"""What `interlace prove` judges by: points of a crash, the cases made of them, worlds compared, outcomes."""
