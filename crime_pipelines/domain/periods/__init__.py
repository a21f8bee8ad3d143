"""The periods that answers are about: the covered one, and the years of arrest rates."""
