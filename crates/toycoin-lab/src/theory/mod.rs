//! Theory: what papers and formulas expect, each with its source.
