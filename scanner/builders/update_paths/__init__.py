"""What brings new versions of the classifiers: is it there, on, the operator's, and when did it last succeed."""
