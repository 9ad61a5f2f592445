"""What `interlace prove` judges by: points of a crash, the cases made of them, worlds compared, outcomes.

model/ predicts what recovery costs and takes, simulation/ holds that prediction to account.
"""
