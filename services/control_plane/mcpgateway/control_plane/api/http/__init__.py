"""HTTP as the handlers see it: requests, answers, lists, errors, and what surrounds them all."""
