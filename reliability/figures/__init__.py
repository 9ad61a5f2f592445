"""The paper's figures and what it concludes from them, computed anew from the recovery model."""
