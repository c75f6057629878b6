//! Statistics: intervals of measured numbers, and how far one lies from what is expected.
